// Score against what a cell costs.

const COSTS = [["total", "seconds of a whole cell"], ["train", "seconds of training"], ["evaluate", "seconds of evaluation"], ["memory", "largest memory, GB"]];
const costChoice = { of: "total" }, costMemory = {};

section(() => {
  const host = document.querySelector("#cost > div");
  const holder = make("div");
  const again = () => put(holder, costFigure(), key());
  const tableHolder = make("div");
  put(host,
    make("div", { class: "row noprint" }, choice("Cost", COSTS, costChoice.of, (value) => { costChoice.of = value; again(); })),
    make("div", { class: "panel" }, holder), make("details", { class: "more" }, make("summary", {}, "Seconds of each phase, speed and memory"), tableHolder));
  again();
  costTable(tableHolder);
});

const costValue = (one) => (costChoice.of === "memory" ? (one?.memory ?? null) && one.memory / 1024 : one?.seconds[costChoice.of] ?? null);

function costFigure() {
  const width = across(760), height = 340, box = { left: 40, right: width - 12, top: 12, bottom: height - 42 };
  const points = [...greyed(), ...shown()].flatMap((method) => {
    const found = row({ method }), value = costValue(cost(method));
    return found && found["ndcg@10"] !== null && value !== null ? [{ method, found, value }] : [];
  });
  if (!points.length) return make("p", { class: "muted" }, "No chosen method has a score and this cost here.");
  const most = Math.max(...points.map((point) => point.value));
  const range = extent(points.flatMap(({ found }) => [found["ndcg@10"], found.low, found.high]));
  const x = scale(0, most * 1.12, box.left, box.right), y = scale(...range, box.bottom, box.top);
  const label = COSTS.find(([name]) => name === costChoice.of)[1];
  const svg = canvas(width, height, `nDCG@10 against ${label}: ${points.map((p) => `${METHODS[p.method].label} ${score(p.found["ndcg@10"])} at ${p.value}`).join("; ")}`,
    axes(box, x, y, ticks(0, most * 1.12, 6), ticks(...range, 5), { labelX: `${label}, N = ${state.size}` }));
  const taken = [];
  for (const { method, found, value } of points) {
    const grey = !state.on.has(method), { class: color } = look(method, grey);
    const [px, py] = [x(value), y(found["ndcg@10"])];
    if (found.low !== null && !grey) svg.append(whisker(px, y(found.low), y(found.high), color));
    svg.append(draw("g", {}, draw("title", {}, `${METHODS[method].label}: ${withInterval({ score: found["ndcg@10"], ...found })}, ${value}`), mark(px, py, method, { r: grey ? 3 : 5, grey, hollow: !isDone(found) && !isReference(method) })));
    if (grey || width < 560) continue;
    const name = METHODS[method].label, long = name.length * 5.6;
    const left = px + 9 + long > box.right;
    const place = [0, 13, -13, 26, -26].map((shift) => py + 3.5 + shift).find((ty) => taken.every(([a, b, t]) => Math.abs(t - ty) > 11 || (left ? px < a : px > b) || px + long < a));
    if (place === undefined) continue;
    taken.push([left ? px - 9 - long : px, left ? px : px + 9 + long, place]);
    svg.append(draw("text", { class: "ink", x: px + (left ? -9 : 9), y: place, "text-anchor": left ? "end" : "start" }, name));
  }
  return make("figure", { class: "limited" }, make("figcaption", {}, `${DATA.scorers[state.scorer]}, ${GROUPS[state.group]} languages, ${state.task ? DATA.tasks[state.task] : "mean over tasks"}`), svg);
}

function costTable(host) {
  const rows = METHODS.map((_, method) => ({ method, one: cost(method) })).filter((r) => r.one && r.one.seconds.total !== undefined);
  const phases = [...new Set(rows.flatMap((r) => Object.keys(r.one.seconds)))].filter((name) => name !== "total");
  const time = (name) => ({ head: name, value: (r) => r.one.seconds[name] ?? null, cell: (r) => clock(r.one.seconds[name]) });
  table(host, [
    { head: "method", text: true, value: (r) => METHODS[r.method].label, cell: (r) => methodCell(r.method) },
    time("total"), ...phases.map(time),
    { head: "pairs/s", value: (r) => r.one.rate, cell: (r) => (r.one.rate === null ? "" : r.one.rate.toFixed(1)) },
    { head: "memory, GB", value: (r) => r.one.memory, cell: (r) => (r.one.memory === null ? "" : (r.one.memory / 1024).toFixed(1)) },
  ], rows, { caption: `Cost of a cell, N = ${state.size}`, memory: costMemory, sort: 1 });
}
