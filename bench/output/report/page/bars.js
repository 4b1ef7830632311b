// Differences with their intervals, side by side: gains, one method minus another, the ladder of budgets.

/** Rows of a part that is stored column by column, its scores as fractions; none where there is no such part. */
const rowsOf = (part) => (part ? part.size.map((_, n) => {
  const of = (name) => (part[name] === undefined ? undefined : part[name][n]);
  const fraction = (value) => (value === null ? null : value / FACTOR);
  return { method: of("method"), over: of("over"), scorer: of("scorer"), size: of("size"), group: of("group"), language: of("language"),
    recipe: of("recipe"), pairs: of("pairs"), sure: of("sure"), verdict: of("verdict"),
    value: fraction(part.difference[n]), low: fraction(part.low[n]), high: fraction(part.high[n]) };
}) : []);

const distinct = (values) => [...new Set(values)];
const withRange = (row) => `${signed(row.value)}${row.low === null ? "" : ` [${signed(row.low)}, ${signed(row.high)}]`}`;

const FAR = 2; // as in far.py, which says why
const LINE = 16; // height of a line of methods at the lower edge

/** Methods whose whole intervals lie `FAR` times as far below zero as those of the methods reach that touch it. */
function farBelow(rows) {
  const ends = new Map();
  for (const { method, value, low, high } of rows) {
    const [least, most] = ends.get(method) ?? [Infinity, -Infinity];
    ends.set(method, [Math.min(least, low ?? value), Math.max(most, high ?? value)]);
  }
  const near = [...ends.values()].filter(([, high]) => high >= 0);
  const reach = near.length ? Math.max(...near.flat().map(Math.abs)) : Infinity;
  return [...ends.keys()].filter((method) => ends.get(method)[1] < -FAR * reach);
}

/** A range that holds 0 and all bars, with a little room. */
function around(rows) {
  const values = [0, ...rows.flatMap((row) => [row.value, row.low, row.high])].filter((value) => value !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || 0.02) * 0.05;
  return [low - room, high + room];
}

/**
 * One panel: `places` stand at equal distances along the axis, and series side by side at each, so that no bar covers another.
 * `series`: {name, color, dash, mark(x, y, hollow), swatch(), points: [{at, value, low, high, hollow}]}; `band`: half its height.
 * A series that is `far` below `range` stands on a line of its own at the lower edge, with its numbers.
 */
function bars({ caption, places, series, range, labelX, band = 0 }) {
  const far = series.filter((one) => one.far && one.points.length), edge = LINE * far.length;
  const width = across(Math.max(330, 58 + 44 * places.length)), height = 236 + edge;
  const box = { left: 44, right: width - 8, top: 8, bottom: height - 36 };
  const step = (box.right - box.left) / places.length;
  const x = (at) => box.left + (at + 0.5) * step;
  const y = scale(...range, box.bottom - edge, box.top);
  const marks = ticks(...range, 5);
  const every = Math.ceil((Math.max(...places.map((place) => String(place).length)) * 6.5 + 6) / step);
  const label = `${caption}: ${series.filter((one) => one.points.length).map((one) => `${one.name} ${one.points.map((p) => `${withRange(p)} at ${places[p.at]}`).join(", ")}`).join("; ")}`;
  const svg = canvas(width, height, label,
    band ? draw("rect", { class: "margin", x: box.left, width: box.right - box.left, y: y(Math.min(band, range[1])), height: y(Math.max(-band, range[0])) - y(Math.min(band, range[1])) }) : null,
    axes(box, x, y, places.map((_, n) => n).filter((n) => (places.length - 1 - n) % every === 0), marks, { formX: (n) => places[n], formY: tickForm(marks, signed), labelX }),
    draw("line", { class: "zero", x1: box.left, x2: box.right, y1: y(0), y2: y(0) }));
  series.forEach((one, number) => {
    const shift = ((number + 0.5) / series.length - 0.5) * Math.min(step * 0.62, 12 * series.length);
    if (one.far) return svg.append(...one.points.flatMap((point) => atTheEdge(one, point, x(point.at) + shift, box.bottom - LINE * (far.indexOf(one) + 0.5))));
    const points = one.points.map((point) => ({ ...point, x: x(point.at) + shift, y: y(point.value), whole: true }));
    svg.append(...trace(points, { class: `trace ${one.color} thin`, "stroke-dasharray": one.dash || null }));
    for (const point of points) {
      if (point.low !== null) svg.append(whisker(point.x, y(point.low), y(point.high), one.color));
      svg.append(one.mark(point.x, point.y, point.hollow));
    }
  });
  walk(svg, places.map((place, at) => ({ x: x(at), nodes: () => [tipHead(`${caption}, ${place}`),
    ...series.flatMap((one) => one.points.filter((point) => point.at === at).map((point) =>
      make("div", { class: "line" }, one.swatch(), one.name, make("b", {}, withRange(point)))))] })), box.top, box.bottom);
  return make("figure", {}, make("figcaption", {}, caption), svg);
}

/** The marker of a point that lies below the panel, and its number. */
const atTheEdge = (one, point, x, y) => [one.mark(x, y, point.hollow),
  draw("text", { x: x + 7, y: y + 3.5, class: "ink" }, `\u2193${signed(point.value, 2)}`)];

/** The series of a method. */
const methodSeries = (method, points, { name = METHODS[method].label, dash } = {}) => ({
  name, method, points, color: look(method).class, dash: dash ?? look(method).dash,
  mark: (x, y, hollow) => mark(x, y, method, { r: 3.6, hollow }), swatch: () => swatch(method, dash),
});

const keyOf = (series) => make("div", { class: "key" }, series.map((one) => make("span", {}, one.swatch(), one.name)));

/** Panels of gains: a row a reference, a column a scorer, all with the same axis. */
function gainPanels(rows, places, at, series, labelX) {
  return distinct(rows.map((row) => row.over)).map((over) => {
    const own = rows.filter((row) => row.over === over), far = farBelow(own), range = around(own.filter((row) => !far.includes(row.method)));
    return make("div", { class: "figures large" }, distinct(own.map((row) => row.scorer)).map((scorer) => bars({
      caption: `Over ${METHODS[over].name}, ${DATA.scorers[scorer]}`, places, range, labelX,
      series: series(own.filter((row) => row.scorer === scorer), (row) => ({ ...row, at: places.indexOf(at(row)) })).map((one) => ({ ...one, far: far.includes(one.method) })),
    })));
  });
}

section(() => {
  const host = document.getElementById("gain");
  const rows = rowsOf(view().gains).filter((row) => state.on.has(row.method) || METHODS[row.method].kind === "no training");
  if (!rows.length) return put(host);
  const places = distinct(rows.map((row) => row.size)).sort((a, b) => a - b);
  const methods = METHODS.map((_, n) => n).filter((n) => rows.some((row) => row.method === n));
  const few = view().gains.few, seeds = (n) => (n ? ` (${n} seed${n > 1 ? "s" : ""})` : "");
  const series = (own, placed = (row) => row) => methods.map((method) => methodSeries(method, own.filter((row) => row.method === method).map(placed),
    { name: METHODS[method].label + seeds(few[method]) }));
  return put(host, make("h2", {}, "Gain over the floor"),
    make("p", { class: "lead" }, "nDCG@10, languages trained on, mean over tasks. Bars are paired 95 % intervals over questions and training runs."
      + (view().gains.alone ? " Where there is one run, and no other arm says how runs differ, they are over questions alone." : "")
      + (distinct(rows.map((row) => row.over)).some((over) => farBelow(rows.filter((row) => row.over === over)).length) ? " What lies far below the rest stands at the lower edge, with its number." : "")),
    keyOf(series([])), make("div", { class: "panel" }, gainPanels(rows, places, (row) => row.size, series, "languages trained on")));
});

// Neither colour is a method's: trained and held-out languages of the same difference.
const SEEN = { trained: { color: "ceiling", dash: "", marker: 0 }, "held-out": { color: "seen", dash: "6 3", marker: 1 } };

section(() => {
  const host = document.getElementById("difference");
  const part = view().difference;
  if (!part) return put(host);
  const rows = rowsOf(part), [first, second] = part.two.map((n) => METHODS[n].name);
  const places = distinct(rows.map((row) => row.size)).sort((a, b) => a - b);
  const range = around([...rows, { value: part.margin, low: -part.margin, high: null }]);
  const series = (own) => Object.entries(SEEN).filter(([group]) => rows.some((row) => GROUPS[row.group] === group)).map(([group, { color, dash, marker }]) => {
    const point = (x, y, hollow) => draw("path", { class: `mark ${color}${hollow ? " hollow" : ""}`, d: MARKS[marker](3.8), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
    return { name: `${group} languages`, color, dash, mark: point,
      swatch: () => draw("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true", class: color }, draw("line", { x1: 1, x2: 25, y1: 6, y2: 6, class: "trace thin", "stroke-dasharray": dash || null }), point(13, 6, false)),
      points: own.filter((row) => GROUPS[row.group] === group).map((row) => ({ ...row, at: places.indexOf(row.size), hollow: !row.sure })) };
  });
  return put(host, make("h2", {}, make("code", {}, first), " minus ", make("code", {}, second)),
    make("p", { class: "lead" }, `The band is the margin of equivalence, ±${score(part.margin, 2)}. A hollow point is one that its corrected test calls neither better nor worse.`),
    keyOf(series([])), make("div", { class: "panel figures large" }, distinct(rows.map((row) => row.scorer)).map((scorer) => bars({
      caption: DATA.scorers[scorer], places, range, band: part.margin, labelX: "languages trained on", series: series(rows.filter((row) => row.scorer === scorer)),
    }))));
});

const RECIPES = ["", "5 3", "1.5 2.5"];
section(() => {
  const host = document.getElementById("budget");
  const rows = rowsOf(DATA.budget).filter((row) => state.on.has(row.method));
  if (!rows.length) return put(host);
  const recipes = DATA.budget.recipes, places = distinct(rows.map((row) => row.pairs)).sort((a, b) => a - b).map(whole);
  const lines = recipes.flatMap((_, recipe) => METHODS.map((__, method) => ({ method, recipe })).filter((one) => rows.some((row) => row.method === one.method && row.recipe === one.recipe)));
  const series = (own, placed = (row) => row) => lines.map(({ method, recipe }) => methodSeries(method,
    own.filter((row) => row.method === method && row.recipe === recipe).sort((a, b) => a.pairs - b.pairs).map(placed),
    { name: METHODS[method].label + (recipes.length > 1 ? `, ${recipes[recipe]}` : ""), dash: recipes.length > 1 ? RECIPES[recipe % RECIPES.length] : undefined }));
  return put(host, make("h2", {}, "What more pairs buy"),
    make("p", { class: "lead" }, `Gain at each budget of these experiments, ${DATA.budget.languages} languages trained on; bars as above.`),
    keyOf(series([])), make("div", { class: "panel" }, gainPanels(rows, places, (row) => whole(row.pairs), series, "training pairs, all languages together")));
});
