// Languages as small multiples by family: what the methods of the question gain over the floor in each.

const KINDS = { trained: 0, "held-out": 1, guard: 3 }; // marker of each group
const FILLS = ["", " hollow", " dotted"]; // of the first, second, third method
const STROKES = ["", "5 2", "1.5 1.5"];

/** The marker of a language: its shape says whether it was trained, its fill which method it is. */
function kindMark(x, y, kind, number, color) {
  const at = `translate(${x.toFixed(1)} ${y.toFixed(1)})`, shape = MARKS[kind];
  return [draw("path", { class: `mark ${color}${number ? " hollow thin-edge" : ""}`, d: shape(number ? 2.9 : 3.3), transform: at }),
    FILLS[number] === " dotted" ? draw("path", { class: `mark ${color}`, d: MARKS[0](1.3), transform: at }) : null];
}

function familyPanel([title, languages], rows, methods, [low, high]) {
  const there = languages.filter(([code]) => rows.some((row) => row.language === code));
  if (!there.length) return null;
  const width = across(330), left = Math.min(184, width * 0.52), right = width - 10, each = methods.length * 8 + 8, top = 2;
  const bottom = top + there.length * each;
  const x = scale(low, high, left, right), marks = ticks(low, high, 3);
  const inside = (value) => Math.max(low, Math.min(high, value));
  const parts = marks.flatMap((value) => [
    draw("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: bottom }),
    draw("text", { x: x(value), y: bottom + 13, "text-anchor": "middle" }, tickForm(marks, signed)(value)),
  ]);
  parts.push(draw("line", { class: "zero", x1: x(0), x2: x(0), y1: top, y2: bottom }));
  const said = [];
  there.forEach(([code, name], n) => {
    const long = Math.floor((left - 8) / 6);
    parts.push(draw("text", { x: left - 8, y: top + (n + 0.5) * each + 3.5, "text-anchor": "end", class: "ink" }, name.length > long ? `${name.slice(0, long - 1)}…` : name));
    methods.forEach((method, number) => {
      const row = rows.find((one) => one.language === code && one.method === method);
      if (!row) return;
      const y = top + n * each + 8 + number * 8, color = look(method).class, group = GROUPS[row.group];
      const text = `${name}, ${group}: ${METHODS[method].label} ${withRange(row)}`;
      said.push(text);
      const out = (sign, edge) => draw("path", { class: `mark ${color}`, d: `M${sign * 4} 0L0 -3V3z`, transform: `translate(${x(edge).toFixed(1)} ${y})` });
      parts.push(draw("g", {}, draw("title", {}, text),
        row.low === null ? null : draw("line", { class: `whisker ${color}`, "stroke-dasharray": STROKES[number] || null, y1: y, y2: y, x1: x(inside(row.low)), x2: x(inside(row.high)) }),
        row.low !== null && row.low < low ? out(-1, low) : null, row.high !== null && row.high > high ? out(1, high) : null,
        kindMark(x(inside(row.value)), y, KINDS[group], number, color)));
    });
  });
  return make("figure", {}, make("figcaption", {}, title), canvas(width, bottom + 18, `${title}: ${said.join("; ")}`, parts));
}

section(() => {
  const host = document.getElementById("families");
  const all = rowsOf(view().families).filter((row) => row.scorer === state.scorer && row.size === state.size);
  const chosen = all.filter((row) => state.on.has(row.method));
  if (!chosen.length) return put(host);
  const means = distinct(chosen.map((row) => row.method)).map((method) => {
    const own = chosen.filter((row) => row.method === method);
    return { method, value: own.reduce((sum, row) => sum + row.value, 0) / own.length };
  });
  const far = farBelow(means), rows = chosen.filter((row) => !far.includes(row.method));
  const methods = distinct(all.map((row) => row.method)).filter((method) => !far.includes(method)).slice(0, FILLS.length);
  const ends = rows.flatMap((row) => [row.low, row.high]).filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share) => ends[Math.round(share * (ends.length - 1))] ?? 0;
  const low = Math.min(0, at(0.025), ...rows.map((row) => row.value)), high = Math.max(0, at(0.975), ...rows.map((row) => row.value));
  const room = (high - low || 0.1) * 0.05;
  const swatchOf = (method, number) => draw("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true", class: look(method).class },
    draw("line", { class: `whisker ${look(method).class}`, x1: 1, x2: 25, y1: 6, y2: 6, "stroke-dasharray": STROKES[number] || null }), kindMark(13, 6, 0, number, look(method).class));
  const kinds = Object.keys(KINDS).filter((group) => rows.some((row) => GROUPS[row.group] === group));
  return put(host, make("h3", {}, `Gain over the floor by family: ${DATA.scorers[state.scorer]}, N = ${state.size}`),
    make("p", { class: "small muted" }, "nDCG@10, mean over the tasks of a language, with paired 95 % intervals. A bar that ends in an arrow goes on beyond the panel."),
    far.length ? make("p", { class: "small muted" }, `Not drawn, far below: ${means.filter(({ method }) => far.includes(method)).map(({ method, value }) => `${METHODS[method].label} (${signed(value, 2)} in the mean)`).join(", ")}.`) : null,
    make("div", { class: "key" }, methods.map((method, n) => make("span", {}, swatchOf(method, n), METHODS[method].label)),
      kinds.map((group) => make("span", {}, draw("svg", { width: 14, height: 12, viewBox: "0 0 14 12", "aria-hidden": "true" }, kindMark(7, 6, KINDS[group], 0, "floor")), `${group} language`))),
    make("div", { class: "panel masonry" }, view().families.panels.map((panel) => familyPanel(panel, rows, methods, [low - room, high + room]))));
});
