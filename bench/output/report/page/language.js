// One language: what is known of it, every method on every task at one N, and its curve over N.

section(() => {
  const host = document.querySelector("#language > div");
  const order = CODES.map((code, n) => [n, `${DATA.languages[code].name} (${code})`]).sort(([, a], [, b]) => a.localeCompare(b));
  const code = CODES[state.language], known = DATA.languages[code];
  const facts = [
    ["Code", code], ["Family", known.family], ["Script", known.script],
    ["Resource class", known.class === null || known.class === undefined ? "not rated" : `${known.class} of 5`],
    ["Group at N = " + state.size, groupOf(code) + (view().core.includes(code) ? ", core" : "")],
    ["Training pairs seen / available", `${whole(seen(code)) || "?"} / ${whole(known.pairs) || "?"}`],
    ["Tokens per English token", known.premium === null ? "?" : known.premium.toFixed(2)],
    ["Unknown tokens", known.unknown === null ? "?" : `${(100 * known.unknown).toFixed(2)} %`],
  ];
  const figures = DATA.tasks.map((name, task) => languageDots(task, name)).filter(Boolean);
  put(host,
    make("div", { class: "row noprint" }, choice("Language", order, state.language, (value) => change({ language: Number(value) }))),
    make("h3", {}, known.name),
    make("dl", { class: "about" }, facts.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)))),
    key(),
    make("div", { class: "panel" },
      make("h3", {}, `${DATA.scorers[state.scorer]}, N = ${state.size}: task by task`),
      figures.length ? make("div", { class: "figures middle" }, figures) : make("p", { class: "muted" }, "No chosen method has a score here."),
      make("h3", {}, `${state.task ? DATA.tasks[state.task] : "Mean over its tasks"} against N`),
      make("div", { class: "figures large" }, DATA.scorers.map((_, scorer) => languageCurve(scorer)))));
});

function languageDots(task, name) {
  const rows = shown().map((method) => ({ method, found: perLanguage(method, state.size, state.language, state.scorer, task) })).filter((r) => r.found);
  if (!rows.length) return null;
  const best = rows.map(({ method, found }) => ({ method, "ndcg@10": found.score, low: found.low, high: found.high, state: 0 }));
  best.sort((a, b) => b["ndcg@10"] - a["ndcg@10"]);
  return make("figure", {}, make("figcaption", {}, `${task ? name : "mean over tasks"}, ${rows[0].found.questions} questions`), dots(best, `${name}, ${DATA.languages[CODES[state.language]].name}`));
}

function languageCurve(scorer) {
  const width = across(380), height = 220, box = { left: 32, right: width - 8, top: 8, bottom: height - 20 };
  const sizes = view().sizes;
  const at = (method, size) => perLanguage(method, size, state.language, scorer);
  const values = shown().flatMap((method) => sizes.flatMap((size) => { const f = at(method, size); return f ? [f.score, f.low, f.high] : []; }));
  const range = extent(values, 0.03);
  const x = sizes.length > 1 ? scale(sizes[0], sizes.at(-1), box.left + 12, box.right - 12) : () => (box.left + box.right) / 2;
  const y = scale(...range, box.bottom, box.top);
  const svg = canvas(width, height, "", axes(box, x, y, sizes, ticks(...range, 4)));
  const own = shown().filter((method) => !isReference(method));
  for (const method of shown()) {
    const { class: color, dash } = look(method);
    const shift = isReference(method) ? 0 : (own.indexOf(method) - (own.length - 1) / 2) * 2.2;
    const points = sizes.map((size) => [size, at(method, size)]).filter(([size, found]) => found && armExists(method, size)).map(([size, found]) => ({ found, whole: true, x: x(size) + shift, y: y(found.score) }));
    svg.append(...trace(points, { class: `trace ${color}${isReference(method) ? " thin" : ""}`, "stroke-dasharray": dash || null }));
    if (isReference(method)) continue;
    for (const point of points) {
      if (point.found.low !== null) svg.append(whisker(point.x, y(point.found.low), y(point.found.high), color));
      svg.append(mark(point.x, point.y, method, { r: 3.4 }));
    }
  }
  svg.setAttribute("aria-label", `${DATA.languages[CODES[state.language]].name}, ${DATA.scorers[scorer]}, against the number of training languages; the values are in per_language.csv`);
  walk(svg, sizes.map((size) => ({ x: x(size), nodes: () => [
    tipHead(`${DATA.scorers[scorer]}, N = ${size}, ${groupOf(CODES[state.language], size)}`),
    ...shown().filter((method) => armExists(method, size) && at(method, size)).sort((a, b) => at(b, size).score - at(a, size).score).map((method) => tipLine(method, withInterval(at(method, size)))),
  ] })), box.top, box.bottom);
  return make("figure", {}, make("figcaption", {}, DATA.scorers[scorer]), svg);
}

const armExists = (method, size) => view().by_language.arms.some((arm) => arm.method === method && (arm.size === size || arm.size === 0));
