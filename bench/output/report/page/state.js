// The data of the page, and what of it is shown. Every section redraws itself when that changes.

if (typeof DecompressionStream === "undefined") {
  document.querySelector("main").prepend(make("p", { class: "note" }, "This browser is too old for the figures and tables of this page: they need one of 2023 or later."));
  throw new Error("no DecompressionStream");
}
// Deflated, in base64: a third of the size of the JSON. A stream asks no network for anything.
const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (sign) => sign.charCodeAt(0));
const DATA = JSON.parse(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text());
const FACTOR = 10000;
const METHODS = DATA.methods;
const CODES = Object.keys(DATA.languages);
const GROUPS = Object.keys(DATA.groups);

const state = {
  view: 0, scorer: Math.max(0, DATA.scorers.indexOf("late")), group: 0, task: 0, size: 0,
  on: new Set(METHODS.flatMap((method, n) => (method.shown ? [n] : []))), others: false, language: 0,
};
const sections = [];
const view = () => DATA.views[state.view];

/** Call `redraw` when the page starts and whenever what is shown changes. */
function section(redraw) {
  sections.push(redraw);
}

function change(values) {
  Object.assign(state, values);
  if (!view().sizes.includes(state.size)) state.size = view().sizes.at(-1) ?? 0;
  for (const redraw of sections) redraw();
}

/** Methods that are shown, as numbers: in the order of the list. */
const shown = () => METHODS.map((_, n) => n).filter((n) => state.on.has(n));
/** Methods in grey: the rest, if they are wanted. */
const greyed = () => (state.others ? METHODS.map((_, n) => n).filter((n) => !state.on.has(n)) : []);
const isReference = (method) => METHODS[method].reference;

/** Rows of the leaderboard of one view by place. */
const boards = new Map();
function row(where) {
  const at = { view: state.view, scorer: state.scorer, task: state.task, group: state.group, size: state.size, ...where };
  if (!boards.has(at.view)) {
    const board = DATA.views[at.view].board;
    boards.set(at.view, new Map(board.method.map((method, n) =>
      [[board.scorer[n], board.task[n], board.group[n], board.size[n], method].join(), n])));
  }
  const number = boards.get(at.view).get([at.scorer, at.task, at.group, at.size, at.method].join());
  return number === undefined ? null : entry(DATA.views[at.view].board, number);
}

const UNSCALED = new Set(["method", "task", "scorer", "group", "size", "state", "best", "languages", "languages_declared",
  "seeds", "seeds_planned", "sizes", "rising", "falling"]);

/** Row `number` of a table that is stored column by column, scores as fractions. */
function entry(columns, number) {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) =>
    [name, UNSCALED.has(name) || values[number] === null ? values[number] : values[number] / FACTOR]));
}

const isDone = (found) => found !== null && DATA.states[found.state] === "done";

/** What each language scores in one arm: `places` by scorer, task and language, and the arms that hold the numbers. */
const placesOf = new Map();
function perLanguage(method, size, language, scorer = state.scorer, task = state.task) {
  const own = view().by_language;
  if (!placesOf.has(own)) {
    placesOf.set(own, {
      place: new Map(own.places.map((place, n) => [place.join(), n])),
      arm: new Map(own.arms.map((arm) => [`${arm.method},${arm.size}`, arm])),
    });
  }
  const index = placesOf.get(own);
  const arm = index.arm.get(`${method},${size}`) ?? index.arm.get(`${method},0`);
  const place = index.place.get([scorer, task, language].join());
  if (!arm || place === undefined || arm.score[place] === null) return null;
  const part = (name) => (arm[name][place] === null ? null : arm[name][place] / 1000);
  return { score: part("score"), low: part("low"), high: part("high"), gap: arm.gap[place], questions: own.questions[place] };
}

/** Group of a language at the size that is shown. */
function groupOf(code, size = state.size) {
  const place = view().codes.indexOf(code);
  if (place < 0) return view().guard.includes(code) ? "guard" : "other";
  return place < size ? "trained" : "held-out";
}
