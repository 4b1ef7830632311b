// Differences of the methods of the question as dots with intervals, and all methods at one size.

function forest(compared) {
  const width = across(460), left = 92, right = width - 12, line = 21, top = 8;
  const rows = compared.rows;
  const bottom = top + rows.length * line;
  const [low, high] = extent(rows.flatMap((row) => [row.low, row.high, 0]));
  const x = scale(Math.min(low, -high * 0.05), Math.max(high, -low * 0.05), left, right);
  const marks = ticks(Math.min(low, 0), Math.max(high, 0), 5);
  const parts = marks.map((value) => [
    draw("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: bottom }),
    draw("text", { x: x(value), y: bottom + 13, "text-anchor": "middle" }, tickForm(marks, signed)(value)),
  ]).flat();
  parts.push(draw("line", { class: "axis", x1: x(0), x2: x(0), y1: top - 4, y2: bottom, stroke: "currentColor" }));
  rows.forEach((row, n) => {
    const y = top + (n + 0.5) * line;
    const sure = ["better", "worse"].includes(row.verdict);
    const color = !sure ? "floor" : look(METHODS.findIndex((m) => m.name === (row.verdict === "better" ? compared.first : compared.second))).class;
    const text = `${row.scorer}, ${row.group}: ${signed(row.difference)} [${signed(row.low)}, ${signed(row.high)}]${row.p_holm === null ? "" : `, p Holm ${row.p_holm.toFixed(4)}`}, ${row.verdict}`;
    parts.push(draw("g", { class: color },
      draw("title", {}, text),
      draw("text", { x: left - 8, y: y + 3.5, "text-anchor": "end", class: "ink" }, `${row.scorer}, ${row.group}`),
      row.low === null ? null : whiskerAcross(y, x(row.low), x(row.high), color),
      draw("path", { class: `mark ${color}${sure ? "" : " hollow"}`, d: MARKS[0](4.2), transform: `translate(${x(row.difference)} ${y})` })));
  });
  const label = `Difference of nDCG@10, ${compared.first} minus ${compared.second}, mean over sizes: `
    + rows.map((row) => `${row.scorer} ${row.group} ${signed(row.difference)} (${signed(row.low)} to ${signed(row.high)})`).join("; ");
  const svg = canvas(width, bottom + 32, label, parts,
    draw("text", { x: left, y: bottom + 28, "text-anchor": "start" }, `← ${compared.second} better`),
    draw("text", { x: right, y: bottom + 28, "text-anchor": "end" }, `${compared.first} better →`));
  return make("figure", {}, svg);
}

const pValue = (p) => (p === null ? "" : p.toFixed(4)); // none where nothing is known but these runs

function comparisonTable(compared) {
  const host = make("div");
  table(host, [
    { head: "scorer, group", text: true, value: (r) => `${r.scorer} ${r.group}`, cell: (r) => `${r.scorer}, ${r.group}` },
    { head: compared.first, value: (r) => r.first_mean, cell: (r) => score(r.first_mean) },
    { head: compared.second, value: (r) => r.second_mean, cell: (r) => score(r.second_mean) },
    { head: "difference [95 %]", value: (r) => r.difference, cell: (r) => `${signed(r.difference)} [${signed(r.low)}, ${signed(r.high)}]` },
    { head: "p", value: (r) => r.p, cell: (r) => pValue(r.p) },
    { head: "p Holm", value: (r) => r.p_holm, cell: (r) => pValue(r.p_holm) },
    { head: "verdict", text: true, value: (r) => r.verdict, cell: (r) => (r.family === "primary" ? `${r.verdict} (primary)` : r.verdict) },
    { head: "smallest found (corrected)", value: (r) => r.smallest_corrected, cell: (r) => (r.smallest === null ? "" : `${score(r.smallest)} (${score(r.smallest_corrected)})`), title: "difference that this row would find with probability .8; in brackets by the first step of Holm's correction" },
    { head: "languages ahead/level/behind", value: (r) => r.ahead, cell: (r) => `${r.ahead}/${r.level}/${r.behind}` },
    { head: "beats in", value: (r) => r.first_beats, cell: (r) => `${r.first_beats} of ${r.languages}`, title: "at least so many languages, by partial conjunction" },
    { head: "is beaten in", value: (r) => r.second_beats, cell: (r) => `${r.second_beats} of ${r.languages}` },
    { head: "seeds", value: (r) => r.seeds, cell: (r) => (r.seeds > 1 ? `${r.seeds} (sd ${score(r.seed_sd)})` : r.seeds) },
  ], compared.rows, { caption: `${compared.first} against ${compared.second}` });
  return host;
}

section(() => {
  // The words stand in the page already, for the first view; another experiment has its own.
  for (const name of ["verdict", "headline", "sentence"]) {
    document.querySelectorAll(`[data-${name}]`).forEach((holder) => {
      const compared = view().compared?.[Number(holder.dataset[name])];
      if (compared) put(holder, coded(compared[name]));
    });
  }
  document.querySelectorAll("[data-compared]").forEach((holder) => {
    const compared = view().compared?.[Number(holder.dataset.compared)];
    const parts = compared?.rows.length ? [forest(compared)] : [];
    if (parts.length && DATA.views.length > 1) parts.unshift(make("p", { class: "small muted" }, `Order: ${view().label}`));
    put(holder, ...parts);
  });
  const tested = (view().compared ?? []).filter((compared) => compared.rows.length);
  put(document.getElementById("tested"), tested.length ? make("details", { class: "more" }, make("summary", {}, "The numbers behind, and what they leave out"),
    tested.map((compared) => [make("h3", { class: "more" }, `${compared.first} against ${compared.second}, mean over sizes`), comparisonTable(compared),
      compared.notes.length ? make("ul", { class: "plain small" }, compared.notes.map((note) => make("li", {}, note))) : null])) : null);
});

// All methods that are shown at one size, both scorers, one line each.
section(() => {
  const methods = shown();
  const figures = DATA.scorers.map((name, scorer) => {
    const rows = methods.map((method) => ({ method, ...row({ method, scorer }) })).filter((r) => r["ndcg@10"] !== undefined && r["ndcg@10"] !== null);
    rows.sort((a, b) => b["ndcg@10"] - a["ndcg@10"]);
    return rows.length ? make("figure", {}, make("figcaption", {}, name), dots(rows, `${name}, ${GROUPS[state.group]}, N = ${state.size}`)) : null;
  });
  put(document.getElementById("overview"),
    make("h3", {}, `All at once: ${GROUPS[state.group]} languages, N = ${state.size}${state.task ? `, ${DATA.tasks[state.task]}` : ", mean over tasks"}`),
    figures.some(Boolean) ? make("div", { class: "figures large" }, figures) : make("p", { class: "muted" }, "No score for this choice: there are no such languages at this N."));
});

/** One line a method: name, dot, interval; rows of the leaderboard. */
function dots(rows, label) {
  const width = across(370), left = Math.min(158, width * 0.44), right = width - 40, line = 20, top = 4, bottom = top + rows.length * line;
  const [low, high] = extent(rows.flatMap((r) => [r["ndcg@10"], r.low, r.high]));
  const x = scale(low, high, left, right);
  const marks = ticks(low, high, 4);
  const parts = marks.map((value) => [
    draw("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: bottom }),
    draw("text", { x: x(value), y: bottom + 13, "text-anchor": "middle" }, tickForm(marks)(value)),
  ]).flat();
  rows.forEach((r, n) => {
    const y = top + (n + 0.5) * line;
    const name = METHODS[r.method].label;
    parts.push(draw("g", {}, draw("title", {}, `${name}: ${score(r["ndcg@10"])} [${score(r.low)}, ${score(r.high)}]`),
      draw("text", { x: left - 8, y: y + 3.5, "text-anchor": "end", class: "ink" }, name.length > left / 6.1 ? `${name.slice(0, left / 6.1 - 1)}…` : name),
      r.low === null ? null : whiskerAcross(y, x(r.low), x(r.high), look(r.method).class),
      mark(x(r["ndcg@10"]), y, r.method, { r: 4.2, hollow: !isDone(r) && !isReference(r.method) }),
      draw("text", { x: width - 4, y: y + 3.5, "text-anchor": "end", class: "ink" }, score(r["ndcg@10"]) + (isDone(r) ? "" : "?"))));
  });
  return canvas(width, bottom + 18, label, parts);
}
