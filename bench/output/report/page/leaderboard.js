// Methods by number of languages: the leaderboard, sortable, with every measure.

const boardMemory = {}, boardChoice = { measure: "ndcg@10", text: "", all: true };

section(() => {
  const host = document.querySelector("#leaderboard > div");
  const measures = [...DATA.measures, "gap_closed", "worst_tenth", "language_sd", "seed_sd"].map((name) => [name, MEASURES[name] ?? name]);
  const holder = make("div");
  const fillBoard = () => boardTable(holder);
  put(host,
    mixedNote(DATA.experiments.find((one) => one.name === view().experiment)?.provenance.mixed ?? []),
    make("div", { class: "row noprint" },
      choice("Number shown", measures, boardChoice.measure, (value) => { boardChoice.measure = value; fillBoard(); }),
      choice("Methods", [["all", "all"], ["shown", "those chosen"]], boardChoice.all ? "all" : "shown", (value) => { boardChoice.all = value === "all"; fillBoard(); }),
      search("Find a method", (text) => { boardChoice.text = text; fillBoard(); })),
    make("p", { class: "small muted" }, `${DATA.scorers[state.scorer]}, ${GROUPS[state.group]} languages, ${state.task ? DATA.tasks[state.task] : "mean over tasks"}, order ${view().label}`),
    holder);
  fillBoard();
});

const MEASURES = { "ndcg@10": "nDCG@10", "mrr@10": "MRR@10", "recall@100": "recall@100", "success@1": "success@1", gap_closed: "gap closed",
  worst_tenth: "worst tenth of the languages", language_sd: "spread over languages (sd)", seed_sd: "spread over seeds (sd)" };

function boardTable(host) {
  const { measure, text, all } = boardChoice;
  const sizes = view().sizes.filter((size) => METHODS.some((_, method) => row({ method, size })));
  const rows = METHODS.map((_, method) => ({ method, at: Object.fromEntries(sizes.map((size) => [size, row({ method, size })])) }))
    .filter((r) => Object.values(r.at).some(Boolean) && (all || state.on.has(r.method)) && matches(METHODS[r.method].label, text));
  const last = (r) => r.at[sizes.includes(state.size) ? state.size : sizes.at(-1)];
  const columns = [
    { head: "method", text: true, value: (r) => METHODS[r.method].label, cell: (r) => methodCell(r.method) },
    ...sizes.map((size) => ({
      head: `N = ${size}`, value: (r) => (isDone(r.at[size]) || isReference(r.method) ? r.at[size]?.[measure] ?? null : null),
      cell: (r) => boardCell(r.at[size], measure),
    })),
    { head: "seeds", value: (r) => last(r)?.seeds ?? null, cell: (r) => (last(r) ? `${last(r).seeds} of ${last(r).seeds_planned}` : "") },
    { head: `time, N = ${state.size}`, value: (r) => cost(r.method)?.seconds.total ?? null, cell: (r) => clock(cost(r.method)?.seconds.total) },
  ];
  if (!rows.length) {
    put(host, make("p", { class: "muted" }, "Nothing to show: no such method, or no such languages at any N."));
    return;
  }
  table(host, columns, rows, {
    caption: `Leaderboard, ${MEASURES[measure]}`, memory: boardMemory, sort: 1 + Math.max(0, sizes.indexOf(state.size)),
    row: (r) => (isReference(r.method) ? "reference" : ""),
  });
}

function methodCell(method) {
  return make("span", { class: "name", title: METHODS[method].summary || null }, swatch(method), make("span", {}, breakable(METHODS[method].label)));
}

function boardCell(found, measure) {
  if (!found) return "";
  const state = DATA.states[found.state];
  const value = found[measure];
  const text = measure === "gap_closed" ? percent(value === null ? null : Math.round(100 * value)) : score(value);
  if (state !== "done") return { content: text ? `(${text}) ${state}` : state, class: "state" };
  const half = measure === "ndcg@10" && found.low !== null ? make("span", { class: "pm" }, `±${score((found.high - found.low) / 2)}`) : null;
  return { content: [text, half, warned(found) ? " !" : null], class: found.best && measure === "ndcg@10" ? "best" : null };
}

const warned = (found) => view().cells.some((cell) => cell.warning && cell.method === METHODS[found.method].name && cell.size === found.size);

/** Cost of a method at the size that is shown; what is not trained costs the same at every size. */
function cost(method, size = state.size) {
  return view().costs.find((one) => one.method === method && one.size === size) ?? view().costs.find((one) => one.method === method && one.size === 0);
}
