// How a method looks: colour, marker and dash together, so that no two need colour alone to be told apart.

const DASHES = ["", "7 2.5", "3 2", "7 2.5 2 2.5"];
const MARKS = [
  (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (r) => `M${-r * 0.9} ${-r * 0.9}h${r * 1.8}v${r * 1.8}h${-r * 1.8}z`,
  (r) => `M0 ${-r * 1.2}L${r * 1.1} ${r * 0.85}H${-r * 1.1}z`,
  (r) => `M0 ${-r * 1.3}L${r * 1.1} 0 0 ${r * 1.3} ${-r * 1.1} 0z`,
  (r) => `M0 ${r * 1.2}L${r * 1.1} ${-r * 0.85}H${-r * 1.1}z`,
  (r) => cross(r * 1.15, r * 0.42),
  (r) => cross(r * 1.15, r * 0.42, true),
];

function cross(a, b, turned = false) {
  const points = [[-b, -a], [b, -a], [b, -b], [a, -b], [a, b], [b, b], [b, a], [-b, a], [-b, b], [-a, b], [-a, -b], [-b, -b]];
  const h = Math.SQRT1_2;
  const at = ([x, y]) => (turned ? [(x - y) * h, (x + y) * h] : [x, y]);
  return `M${points.map((point) => at(point).map((v) => v.toFixed(2)).join(" ")).join("L")}z`;
}

/** Class that sets the colour, dash of the line, and marker; floor and ceiling have no marker. */
function look(method, grey = false) {
  const known = METHODS[method];
  if (known.reference) return { ceiling: { class: "ceiling", dash: "6 3" }, floor: { class: "floor", dash: "2 3" } }[known.kind] ?? { class: "ceiling", dash: "1.5 2.5" };
  const [color, marker, dash] = known.look;
  return { class: grey ? "other" : `m${color}`, dash: DASHES[dash], marker };
}

function mark(x, y, method, { r = 3.6, hollow = false, grey = false } = {}) {
  const { marker, class: color } = look(method, grey);
  const path = marker === undefined ? "M-5 -1.2h10v2.4h-10z" : MARKS[marker](r);
  return draw("path", { d: path, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: `mark ${color}${hollow ? " hollow" : ""}` });
}

/** A piece of a method's line with its marker, for legends. */
function swatch(method, line) {
  const { class: color, dash: own, marker } = look(method), dash = line ?? own;
  return draw("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true", class: color },
    draw("line", { x1: 1, x2: 25, y1: 6, y2: 6, class: "trace", "stroke-dasharray": dash || null }),
    marker === undefined ? null : mark(13, 6, method, { r: 3.4 }));
}

/** A method's name behind its swatch. */
const named = (method) => make("span", { class: "name" }, swatch(method), make("span", {}, breakable(METHODS[method].label)));

/** The legend of a figure. On wide screens the list of methods beside the page is the legend, so it is hidden there. */
function key(methods = shown(), always = false) {
  return make("div", { class: always ? "key" : "key wide-hidden" }, methods.map((n) => make("span", {}, swatch(n), METHODS[n].label)));
}
