// Axes, lines and whiskers in SVG.

/** Whole steps of 1, 2 or 5 times a power of ten within [low, high]. */
function ticks(low, high, count = 4) {
  const raw = (high - low) / Math.max(1, count) || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) found.push(Number((n * step).toPrecision(12)));
  return found;
}

/** How ticks are written: with as many decimals as all of them need, 0 as 0. */
function tickForm(values, sign = score) {
  const digits = Math.max(0, ...values.map((value) => (String(Number(value.toPrecision(10))).split(".")[1] ?? "").length));
  return (value) => (value === 0 ? "0" : sign(value, digits));
}

/** A linear scale from [low, high] to [start, end]. */
function scale(low, high, start, end) {
  const span = high - low || 1;
  return (value) => start + ((value - low) / span) * (end - start);
}

/** Range of values with a little room; from 0 if that is near. */
function extent(values, room = 0.06) {
  const known = values.filter((value) => value !== null && value !== undefined && Number.isFinite(value));
  if (!known.length) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const pad = (high - low || Math.abs(high) || 1) * room;
  return [low >= 0 && low - pad < 0.35 * (high - low) ? 0 : low - pad, high + pad];
}

/** Width to draw a figure at: `wide`, or less on a phone, so that its letters stay legible. `columns` stand side by side there. */
const across = (wide, columns = 1) => (innerWidth < 560 ? Math.min(wide, Math.max(150, (innerWidth - 58) / columns)) : wide);

/** An SVG of so many units; it scales with its column. */
function canvas(width, height, label, ...children) {
  return draw("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...children);
}

/** Horizontal lines with numbers at the left, and numbers below. `box`: left, right, top, bottom. */
function axes(box, x, y, xTicks, yTicks, { formX = String, formY = tickForm(yTicks), labelX = "" } = {}) {
  const parts = yTicks.map((value) => [
    draw("line", { class: "grid", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
    draw("text", { x: box.left - 5, y: y(value) + 3.5, "text-anchor": "end" }, formY(value)),
  ]);
  parts.push(draw("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));
  parts.push(...xTicks.map((value) => draw("text", { x: x(value), y: box.bottom + 13, "text-anchor": "middle" }, formX(value))));
  if (labelX) parts.push(draw("text", { x: (box.left + box.right) / 2, y: box.bottom + 27, "text-anchor": "middle" }, labelX));
  return parts.flat();
}

/** Lines through points {x, y, whole}: broken where a point is not whole. */
function trace(points, options) {
  const parts = [];
  let open = [];
  for (const point of [...points, { whole: false }]) {
    if (point.whole) open.push(`${point.x.toFixed(1)} ${point.y.toFixed(1)}`);
    else {
      if (open.length > 1) parts.push(draw("path", { d: `M${open.join("L")}`, ...options }));
      open = [];
    }
  }
  return parts;
}

const whisker = (x, low, high, color) => draw("line", { class: `whisker ${color}`, x1: x, x2: x, y1: low, y2: high });
const whiskerAcross = (y, low, high, color) => draw("line", { class: `whisker ${color}`, y1: y, y2: y, x1: low, x2: high });

/** Position of a pointer in the units of an SVG. */
function pointIn(svg, event) {
  const box = svg.getBoundingClientRect();
  return ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
}

/** Let pointer and arrow keys walk over `stops` ({x, nodes()}), with a line at the stop and its values in the box. */
function walk(svg, stops, top, bottom) {
  if (!stops.length) return;
  const line = draw("line", { class: "cross", y1: top, y2: bottom, visibility: "hidden" });
  svg.append(line);
  svg.setAttribute("tabindex", 0);
  let at = -1;
  const show = (n, x, y, aloud) => {
    at = n;
    line.setAttribute("x1", stops[n].x);
    line.setAttribute("x2", stops[n].x);
    line.setAttribute("visibility", "visible");
    const nodes = stops[n].nodes();
    if (aloud) say(nodes);
    showTip(nodes, x, y);
  };
  const hide = () => { line.setAttribute("visibility", "hidden"); hideTip(); };
  svg.addEventListener("pointermove", (event) => {
    const x = pointIn(svg, event);
    const near = stops.map((stop) => Math.abs(stop.x - x));
    show(near.indexOf(Math.min(...near)), event.clientX, event.clientY);
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(stops.length - 1, at < 0 ? (step > 0 ? 0 : stops.length - 1) : at + step));
    const box = svg.getBoundingClientRect();
    show(next, box.left + (stops[next].x / svg.viewBox.baseVal.width) * box.width, box.top + box.height / 3, true);
  });
}
