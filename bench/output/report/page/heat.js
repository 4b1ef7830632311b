// Languages by methods: gap closed or score, in the order that is asked for.

const heatChoice = { value: "gap", order: "family", rows: "all", text: "", references: false };
const HEAT_VALUES = [["gap", "gap closed, %"], ["score", "nDCG@10"]];
const HEAT_ORDERS = [["family", "family"], ["script", "script"], ["pairs", "training pairs available"], ["seen", "training pairs seen"],
  ["training", "order of training"], ["score", "mean of the row"]];
const HEAT_ROWS = [["all", "all"], ["trained", "trained"], ["held-out", "held-out"], ["core", "core"], ["guard", "guard"]];

section(() => {
  const host = document.getElementById("heat");
  const holder = make("div");
  const again = (name) => (value) => { heatChoice[name] = value; heatMap(holder); };
  put(host,
    make("div", { class: "row noprint" },
      choice("Number shown", HEAT_VALUES, heatChoice.value, again("value")), choice("Ordered by", HEAT_ORDERS, heatChoice.order, again("order")),
      choice("Rows", HEAT_ROWS, heatChoice.rows, again("rows")), search("Find a language, family or script", again("text"))),
    holder);
  heatMap(holder);
});

/** Codes of the rows, in bands: [title, codes]. */
function heatRows() {
  const known = (code) => DATA.languages[code];
  const own = CODES.filter((code, n) => [...shown(), ...greyed()].some((method) => perLanguage(method, state.size, n)));
  const kept = own.filter((code) => (heatChoice.rows === "all" || groupOf(code) === heatChoice.rows || (heatChoice.rows === "core" && view().core.includes(code)))
    && matches(`${known(code).name} ${code} ${known(code).family} ${known(code).script}`, heatChoice.text));
  const by = (f) => (a, b) => f(b) - f(a) || known(a).name.localeCompare(known(b).name);
  if (heatChoice.order === "family" || heatChoice.order === "script") {
    const of = (code) => known(code)[heatChoice.order].split("/")[0] || "not known";
    const bands = kept.reduce((found, code) => found.set(of(code), [...(found.get(of(code)) ?? []), code]), new Map());
    return [...bands].sort(([a], [b]) => a.localeCompare(b)).map(([title, codes]) => [title, codes.sort((a, b) => known(a).family.localeCompare(known(b).family) || by(() => 0)(a, b))]);
  }
  const place = (code) => { const n = view().codes.indexOf(code); return n < 0 ? -1000 - view().guard.indexOf(code) : -n; };
  const mean = (code) => {
    const values = shown().filter((method) => !isReference(method)).map((method) => perLanguage(method, state.size, CODES.indexOf(code))?.[heatChoice.value]).filter((v) => v !== null && v !== undefined);
    return values.length ? values.reduce((a, b) => a + b) / values.length : -Infinity;
  };
  const key = { pairs: (code) => known(code).pairs ?? -1, seen: (code) => seen(code) ?? -1, training: place, score: mean }[heatChoice.order];
  return [["", kept.sort(by(key))]];
}

const seen = (code) => view().trained_pairs[state.size]?.[code] ?? (Object.keys(view().trained_pairs[state.size] ?? {}).length ? 0 : null);

function heatMap(host) {
  const isGap = heatChoice.value === "gap";
  const methods = shown().filter((method) => !(isGap && isReference(method)) && CODES.some((_, n) => perLanguage(method, state.size, n)));
  const bands = heatRows();
  if (!methods.length || !bands.some(([, codes]) => codes.length)) {
    put(host, make("p", { class: "muted" }, "Nothing to show: no such language, or no chosen method has a score at this N."));
    return;
  }
  const head = make("tr", {}, make("th", { scope: "col" }, `language (N = ${state.size})`), methods.map((method) =>
    make("th", { scope: "col" }, make("div", { class: "tall" }, breakable(METHODS[method].label)))));
  const lines = bands.flatMap(([title, codes]) => [
    title && codes.length ? make("tr", { class: "band" }, make("th", { scope: "rowgroup", colspan: methods.length + 1 }, make("span", {}, title))) : null,
    ...codes.map((code) => heatLine(code, methods, isGap)),
  ]);
  const area = make("div", { class: "scroll heat", tabindex: 0, role: "region", "aria-label": "Languages by methods" },
    make("table", {}, make("caption", { class: "sr" }, `${isGap ? "Gap closed in percent" : "nDCG@10"} of every language and method, N = ${state.size}`),
      make("thead", {}, head), make("tbody", {}, lines)));
  area.addEventListener("pointermove", (event) => {
    const cell = event.target.closest("td");
    if (cell?.dataset.code) showTip(heatTip(cell.dataset.code, Number(cell.dataset.method)), event.clientX, event.clientY);
    else hideTip();
  });
  area.addEventListener("pointerleave", hideTip);
  put(host,
    make("p", { class: "small muted" }, `${DATA.scorers[state.scorer]}, ${state.task ? DATA.tasks[state.task] : "mean over the tasks that a language has"}. `, heatScale(isGap)), area);
}

function heatLine(code, methods, isGap) {
  const number = CODES.indexOf(code), group = groupOf(code);
  const go = make("button", { type: "button", title: "Show this language", onclick: () => {
    change({ language: number });
    document.getElementById("language").scrollIntoView();
  } }, DATA.languages[code].name);
  return make("tr", {}, make("th", { scope: "row" }, go, make("span", { class: "badge" }, group)), methods.map((method) => {
    const found = perLanguage(method, state.size, number);
    const value = found?.[heatChoice.value] ?? null;
    const cell = make("td", { "data-code": code, "data-method": method }, value === null ? (found ? "–" : "") : isGap ? `${value < 0 ? "−" : ""}${Math.abs(value)}` : score(value, 2));
    if (value !== null) cell.style.background = heatColor(value, isGap);
    return cell;
  }));
}

/** Blue for good, orange for harm, paler towards 0; scores from pale to blue. Readable under all common colour blindness. */
function heatColor(value, isGap) {
  const share = isGap ? Math.min(1, Math.abs(value) / 60) : Math.min(1, value);
  return `color-mix(in oklab, var(--${isGap && value < 0 ? "bad" : "good"}) ${Math.round(share * 72)}%, var(--panel))`;
}

function heatScale(isGap) {
  const steps = isGap ? [-60, -40, -20, 0, 20, 40, 60] : [0, 0.2, 0.4, 0.6, 0.8, 1];
  return make("span", { class: "scale", "aria-hidden": "true" }, isGap ? "−60 % and less" : "0", make("span", {}, steps.map((value) => {
    const box = make("i");
    box.style.background = heatColor(value, isGap);
    return box;
  })), isGap ? "60 % and more" : "1");
}

function heatTip(code, method) {
  const found = perLanguage(method, state.size, CODES.indexOf(code));
  return [tipHead(DATA.languages[code].name), tipLine(method, withInterval(found)),
    make("div", {}, `gap closed ${percent(found?.gap ?? null) || "not defined: the ceiling lies hardly above the floor"}, ${found?.questions ?? 0} questions`),
    make("div", {}, `${DATA.languages[code].family || "family not known"}, ${DATA.languages[code].script}, ${groupOf(code)}`)];
}
