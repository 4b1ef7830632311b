// Score against the number of training languages: one panel a scorer and group.

const PANELS = ["trained", "core", "held-out", "guard"];

function scalingPanel(scorer, group, range) {
  const width = across(250, 2), height = 226;
  const box = { left: 32, right: width - 8, top: 8, bottom: height - 20 };
  const sizes = view().sizes.filter((size) => METHODS.some((_, method) => row({ method, scorer, group, size })));
  if (!sizes.length) return null;
  const x = scale(sizes[0], sizes.at(-1), box.left + 12, box.right - 12);
  const at = (size) => (sizes.length > 1 ? x(size) : (box.left + box.right) / 2);
  const y = scale(...range, box.bottom, box.top);
  const apart = (size) => sizes.every((other) => other === size || Math.abs(at(other) - at(size)) > 15);
  const label = `${DATA.scorers[scorer]}, ${GROUPS[group]} languages, ${DATA.tasks[state.task]}: `;
  const svg = canvas(width, height, "", axes(box, at, y, sizes.filter((size, n) => apart(size) || n % 2 === (sizes.length - 1) % 2), ticks(...range, 4)));
  const said = [];
  const own = shown().filter((method) => !isReference(method));
  for (const method of [...greyed(), ...shown().filter(isReference), ...own]) {
    const grey = !state.on.has(method), { class: color, dash } = look(method, grey);
    const shift = isReference(method) || grey ? 0 : (own.indexOf(method) - (own.length - 1) / 2) * Math.min(2.2, 11 / own.length);
    const points = sizes.flatMap((size) => {
      const found = row({ method, scorer, group, size });
      return found === null || found["ndcg@10"] === null ? [] : [{ found, size, whole: isDone(found), x: at(size) + shift, y: y(found["ndcg@10"]) }];
    });
    svg.append(...trace(points, { class: `trace ${color}${grey || isReference(method) ? " thin" : ""}`, "stroke-dasharray": dash || null }));
    for (const point of points) {
      if (grey && points.length > 1) continue;
      if (isReference(method)) {
        if (points.length === 1) svg.append(mark(point.x, point.y, method));
        continue;
      }
      if (point.found.low !== null && !grey) svg.append(whisker(point.x, y(point.found.low), y(point.found.high), color));
      svg.append(mark(point.x, point.y, method, { hollow: !point.whole, r: grey ? 2.5 : 3.4, grey }));
    }
    if (points.length && !grey) said.push(`${METHODS[method].label} ${score(points[0].found["ndcg@10"])} at ${points[0].size}, ${score(points.at(-1).found["ndcg@10"])} at ${points.at(-1).size}`);
  }
  svg.setAttribute("aria-label", label + said.join("; "));
  walk(svg, sizes.map((size) => ({ x: at(size), nodes: () => scalingTip(scorer, group, size) })), box.top, box.bottom);
  return make("figure", {}, make("figcaption", {}, `${DATA.scorers[scorer]}, ${GROUPS[group]}`), svg);
}

function scalingTip(scorer, group, size) {
  const rows = [...shown(), ...greyed()].map((method) => [method, row({ method, scorer, group, size })]).filter(([, found]) => found && found["ndcg@10"] !== null);
  rows.sort(([, a], [, b]) => b["ndcg@10"] - a["ndcg@10"]);
  return [tipHead(`${DATA.scorers[scorer]}, ${GROUPS[group]}, N = ${size}`),
    ...rows.map(([method, found]) => tipLine(method, withInterval({ score: found["ndcg@10"], ...found }) + (isDone(found) ? "" : " incomplete")))];
}

const slopeMemory = {};
section(() => {
  const groups = PANELS.map((name) => GROUPS.indexOf(name)).filter((n) => n >= 0);
  const panels = DATA.scorers.flatMap((_, scorer) => {
    const values = [];
    for (const method of [...shown(), ...greyed()]) {
      for (const group of groups) for (const size of view().sizes) {
        const found = row({ method, scorer, group, size });
        if (found) values.push(found["ndcg@10"], ...(isReference(method) || !state.on.has(method) ? [] : [found.low, found.high]));
      }
    }
    return groups.map((group) => scalingPanel(scorer, group, extent(values, 0.03)));
  });
  const host = document.querySelector("#scaling > div");
  const slopes = make("div");
  slopeTable(slopes);
  put(host, key(), make("div", { class: "figures panel" }, panels),
    make("details", { class: "more" }, make("summary", {}, "Points won each time the number of languages doubles"), slopes));
});

function slopeTable(host) {
  const own = view().slopes;
  const rows = own.method.map((_, n) => entry(own, n)).filter((r) => r.task === state.task && state.on.has(r.method));
  const interval = (value, low, high) => (value === null ? "" : `${signed(value)} [${signed(low)}, ${signed(high)}]`);
  table(host, [
    { head: "method", text: true, value: (r) => METHODS[r.method].label, cell: (r) => named(r.method) },
    { head: "scorer", text: true, value: (r) => DATA.scorers[r.scorer], cell: (r) => DATA.scorers[r.scorer] },
    { head: "languages", text: true, value: (r) => GROUPS[r.group], cell: (r) => GROUPS[r.group] },
    { head: "score a doubling [95 %]", value: (r) => r.slope, cell: (r) => interval(r.slope, r.low, r.high) },
    { head: "gain over floor a doubling [95 %]", value: (r) => r.gain_slope, cell: (r) => interval(r.gain_slope, r.gain_low, r.gain_high) },
    { head: "seed sd", value: (r) => r.seed_slope_sd, cell: (r) => score(r.seed_slope_sd) },
    { head: "languages rising / falling", value: (r) => r.rising, cell: (r) => (r.rising === null ? "" : `${r.rising} / ${r.falling} of ${r.languages}`) },
    { head: "sizes", text: true, value: (r) => r.sizes, cell: (r) => r.sizes },
  ], rows, { caption: "Slopes against log2 of the number of training languages", memory: slopeMemory });
}
