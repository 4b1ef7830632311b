// Training curves, one panel a method, and the readings of the collapse check.

const collapseMemory = {};
const SIZE_DASHES = ["", "7 2.5", "3 2", "7 2.5 2 2.5", "1.5 2", "10 3 3 3"];

section(() => {
  const host = document.querySelector("#training > div");
  const panels = shown().filter((method) => !isReference(method)).map(trainingPanel).filter(Boolean);
  const tableHolder = make("div");
  const readings = view().cells.filter((cell) => cell.collapse);
  put(host,
    panels.length ? make("div", { class: "figures large panel" }, panels) : make("p", { class: "muted" }, "No chosen method has a training curve."),
    make("h3", { class: "more" }, "Did training pull everything together?"),
    make("p", { class: "small muted" }, "Tokens of dev queries before and after training: mean cosine of two random tokens (0 = spread out, 1 = one point), effective rank, and what is left of the English score. ",
      "A warning is raised when the rank halves, the cosine rises by more than .2, or English falls below 80 % of what it was before training (in cells of before December 2026: of the teacher's)."),
    readings.length ? tableHolder : make("p", { class: "muted" }, "No cell has been checked."));
  if (readings.length) collapseTable(tableHolder, readings);
});

function trainingPanel(method) {
  const cells = view().cells.filter((cell) => cell.method === METHODS[method].name && cell.curve);
  if (!cells.length) return null;
  const width = across(330), height = 190, box = { left: 38, right: width - 8, top: 8, bottom: height - 34 };
  const sizes = [...new Set(cells.map((cell) => cell.size))].sort((a, b) => a - b);
  const range = extent(cells.flatMap(({ curve }) => [...curve.loss, ...curve.dev.map(([, loss]) => loss)]), 0.04);
  const last = Math.max(...cells.map(({ curve }) => Math.max(curve.step.at(-1), ...curve.dev.map(([step]) => step))));
  const x = scale(0, last, box.left, box.right), y = scale(...range, box.bottom, box.top);
  const svg = canvas(width, height, `Loss of ${METHODS[method].label}: ${cells.map((cell) => `N = ${cell.size}, seed ${cell.seed}, dev loss ${cell.dev?.join(" to ")}`).join("; ")}`,
    axes(box, x, y, ticks(0, last, 4), ticks(...range, 4), { formY: (v) => String(v), labelX: "step" }));
  const { class: color } = look(method);
  for (const cell of cells) {
    const [dash, marker] = ofSize(sizes, cell.size);
    const points = cell.curve.step.map((step, n) => ({ x: x(step), y: y(cell.curve.loss[n]), whole: cell.curve.loss[n] !== null }));
    const dev = cell.curve.dev.filter(([, loss]) => loss !== null);
    svg.append(draw("g", { class: color }, draw("title", {}, `${cell.id}: dev loss ${cell.dev?.join(" → ") ?? "not measured"}`),
      trace(points, { class: "trace thin", "stroke-dasharray": dash || null }), dev.map(([step, loss]) => devMark(marker, x(step), y(loss)))));
  }
  const key = sizes.map((size) => {
    const [dash, marker] = ofSize(sizes, size);
    return make("span", {}, draw("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true", class: color },
      draw("line", { x1: 1, x2: 25, y1: 6, y2: 6, class: "trace thin", "stroke-dasharray": dash || null }), devMark(marker, 13, 6)), `N = ${size}`);
  });
  return make("figure", {}, make("figcaption", {}, METHODS[method].label), make("div", { class: "key" }, key), svg);
}

/** Dash and marker of a number of languages: no colour and no paleness is needed to tell them apart. The largest has the whole line. */
function ofSize(sizes, size) {
  const turn = sizes.length - 1 - sizes.indexOf(size);
  return [SIZE_DASHES[turn % SIZE_DASHES.length], MARKS[turn % MARKS.length]];
}

const devMark = (marker, x, y) => draw("path", { d: marker(2.8), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: "mark hollow thin-edge" });

function bar(value, of, low) {
  const share = Math.max(0, Math.min(1, of ? value / of : 0));
  const inner = make("i");
  inner.style.width = `${Math.round(share * 100)}%`;
  return make("span", { class: share < low ? "bar low" : "bar", "aria-hidden": "true" }, inner);
}

function collapseTable(host, cells) {
  const kept = (cell, now, start) => cell.collapse[now] / cell.collapse[start];
  // Cells of before December 2026 have the teacher's English score alone, and were held against that.
  const before = (cell) => (cell.collapse[6] == null ? 5 : 6);
  const english = (c) => (before(c) === 5 ? `${score(c.collapse[4])}, teacher ${score(c.collapse[5])}` : `${score(c.collapse[6])} → ${score(c.collapse[4])}`);
  table(host, [
    { head: "cell", text: true, value: (c) => c.id, cell: (c) => breakable(c.id) },
    { head: "mean cosine", value: (c) => c.collapse[0], cell: (c) => `${score(c.collapse[1], 2)} → ${score(c.collapse[0], 2)}` },
    { head: "effective rank", value: (c) => kept(c, 2, 3), cell: (c) => [`${whole(c.collapse[3])} → ${whole(c.collapse[2])}`, bar(c.collapse[2], c.collapse[3], 0.5)] },
    { head: "English", value: (c) => kept(c, 4, before(c)), cell: (c) => [english(c), bar(c.collapse[4], c.collapse[before(c)], 0.8)] },
    { head: "dev loss", value: (c) => c.dev?.[1] ?? null, cell: (c) => (c.dev ? `${c.dev[0]} → ${c.dev[1]}` : "") },
    { head: "warning", text: true, value: (c) => c.warning, cell: (c) => ({ content: c.warning, class: c.warning ? "state wrap" : "" }) },
  ], cells, { caption: "Collapse check of every trained cell", memory: collapseMemory, sort: 5 });
}
