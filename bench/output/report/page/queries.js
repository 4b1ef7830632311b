// The queries on which two methods differ most, with their first documents.

const queryChoice = { pair: 0, task: "", scorer: null, language: "", ahead: "", text: "", count: 8 };

section(() => {
  const host = document.querySelector("#queries > div");
  const found = view().queries;
  if (!found?.pairs.length) {
    put(host, make("p", { class: "muted" }, "No two methods have a result at the same size yet."));
    return;
  }
  if (!found.pairs[queryChoice.pair]) queryChoice.pair = 0;
  const holder = make("div");
  const again = (name) => (value) => { Object.assign(queryChoice, { [name]: value, count: 8 }); queryControls(controlsHolder, again); queryList(holder); };
  const controlsHolder = make("div", { class: "row noprint" });
  const hidden = Object.entries(found.hidden).map(([task, why]) => make("p", { class: "note small" },
    `${task}: no texts in this page, because ${why}. On your own machine `, make("code", {}, "bench report --texts all"), " shows them."));
  put(host,
    make("p", { class: "lead" }, "Each pair at the largest N that both have; scores are means over seeds, lists those of the first seed. Ticked documents are judged relevant, with their grade."),
    found.note ? make("p", { class: "note" }, coded(found.note)) : null, DATA.texts === "all" ? make("p", { class: "note" }, "This page holds texts that must not be redistributed: keep it to yourself.") : hidden,
    controlsHolder, holder);
  queryControls(controlsHolder, again);
  queryList(holder);
});

function queryControls(host, again) {
  const { pairs, items } = view().queries;
  const pair = pairs[queryChoice.pair];
  const [first, second] = [METHODS[pair.first].label, METHODS[pair.second].label];
  const codes = [...new Set(pair.rows.map(([item]) => items[item][2]))].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const scorer = queryChoice.scorer ?? DATA.scorers[state.scorer];
  const focused = [...host.querySelectorAll("select")].indexOf(document.activeElement);
  put(host,
    choice("Methods", pairs.map((one, n) => [n, `${METHODS[one.first].label} / ${METHODS[one.second].label}`]), queryChoice.pair, (value) => again("pair")(Number(value)), "field long"),
    choice("Scorer", DATA.scorers.map((name) => [name, name]), scorer, again("scorer")),
    choice("Task", [["", "all"], ...DATA.tasks.slice(1).map((name) => [name, name])], queryChoice.task, again("task")),
    choice("Ahead", [["", "either"], ["1", first], ["-1", second]], queryChoice.ahead, again("ahead")),
    choice("Language", [["", "all"], ...codes.map((code) => [code, nameOf(code)])], queryChoice.language, again("language")));
  if (focused >= 0) host.querySelectorAll("select")[focused]?.focus();
}

const nameOf = (code) => DATA.languages[code]?.name ?? code;

function queryList(host) {
  const { pairs, items } = view().queries;
  const pair = pairs[queryChoice.pair];
  const scorer = queryChoice.scorer ?? DATA.scorers[state.scorer];
  const rows = pair.rows.filter(([item, a, b]) => {
    const [of, task, code] = items[item];
    return of === scorer && (!queryChoice.task || task === queryChoice.task) && (!queryChoice.language || code === queryChoice.language)
      && (!queryChoice.ahead || Math.sign(a - b) === Number(queryChoice.ahead));
  });
  rows.sort(([, a, b], [, c, d]) => Math.abs(c - d) - Math.abs(a - b));
  const more = rows.length > queryChoice.count ? make("button", { type: "button", class: "button noprint", onclick: () => { queryChoice.count += 8; queryList(host); } }, `Show more (${rows.length - queryChoice.count} left)`) : null;
  put(host, rows.length ? null : make("p", { class: "muted" }, "No such query among the most different ones."),
    rows.slice(0, queryChoice.count).map((one) => queryCard(one, pair)), more);
}

function queryCard([item, a, b, listA, listB], pair) {
  const [, task, code, id, text, english, judged] = view().queries.items[item];
  const relevant = new Map(judged.map(([document, grade]) => [document, grade]));
  const found = new Set([listA, listB].flatMap((list) => (list === null ? [] : view().queries.lists[list])));
  const missed = judged.filter(([document]) => !found.has(document));
  return make("article", { class: "query" },
    make("h3", { lang: text ? DATA.languages[code].tag : null, dir: "auto" }, text || `query ${id}`),
    make("p", { class: "small muted" }, `${nameOf(code)}, ${groupOf(code, pair.size)}, ${task}, N = ${pair.size}`, english ? `. In English: “${english}”` : ""),
    make("div", { class: "lists" }, queryHits(pair.first, a, listA, relevant), queryHits(pair.second, b, listB, relevant)),
    missed.length ? make("p", { class: "small" }, "Relevant, but in neither list: ", missed.map(([document]) => documentText(document)).join(" · ")) : null);
}

function queryHits(method, value, list, relevant) {
  const { lists, asked } = view().queries;
  const hits = list === null ? make("p", { class: "small muted" }, "no stored list") : make("ol", {}, lists[list].map((document) =>
    make("li", { class: relevant.has(document) ? "hit" : null }, documentText(document), relevant.has(document) ? make("span", { class: "tag" }, ` ✓ ${relevant.get(document)}`) : null)));
  return make("div", {}, make("h4", {}, swatch(method), METHODS[method].label, make("b", {}, score(value / 1000))),
    list !== null && asked[list] ? make("p", { class: "small muted" }, `searched with “${asked[list]}”`) : null, hits);
}

const documentText = (document) => view().queries.documents[document][2] || `document ${view().queries.documents[document][1]}`;
