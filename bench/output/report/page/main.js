// Controls beside the page, theme, and the list of what is shown.

const controls = document.getElementById("controls");
const wide = matchMedia("(min-width: 1001px)");
const follow = () => { controls.open = wide.matches; };
wide.addEventListener("change", follow);
follow();

section(() => {
  const sizes = view().sizes;
  const fresh = make("div", { class: "selects" },
    DATA.views.length > 1 ? choice("Order or experiment", DATA.views.map((one, n) => [n, one.label]), state.view, (value) => change({ view: Number(value) })) : null,
    choice("Scorer", DATA.scorers.map((name, n) => [n, name]), state.scorer, (value) => change({ scorer: Number(value) })),
    choice("Languages", GROUPS.map((name, n) => [n, DATA.groups[name]]), state.group, (value) => change({ group: Number(value) })),
    choice("Task", DATA.tasks.map((name, n) => [n, n ? name : "mean over tasks"]), state.task, (value) => change({ task: Number(value) })),
    choice("Training languages N", sizes.map((size) => [size, size]), state.size, (value) => change({ size: Number(value) })));
  const focused = document.activeElement?.closest?.("#controls")?.contains(document.activeElement) ? focusPath(document.activeElement) : null;
  put(controls, document.getElementById("shown"), fresh, methodList());
  document.getElementById("shown").textContent = `View: ${DATA.scorers[state.scorer]}, ${GROUPS[state.group]}, ${state.task ? DATA.tasks[state.task] : "all tasks"}, N = ${state.size}, ${shown().length} methods`;
  if (focused) controls.querySelector(focused)?.focus();
});

/** A selector that finds the same control after a redraw. */
function focusPath(element) {
  const at = [...controls.querySelectorAll("select")].indexOf(element);
  return at < 0 ? `#${element.id}` : `.field:nth-of-type(${at + 1}) select`;
}

function methodList() {
  const set = (numbers) => change({ on: new Set(numbers) });
  const start = METHODS.flatMap((method, n) => (method.shown ? [n] : []));
  return make("fieldset", {}, make("legend", {}, "Methods"),
    METHODS.map((method, n) => {
      const box = make("input", { type: "checkbox", id: `method-${n}`, checked: state.on.has(n), onchange: () => {
        const on = new Set(state.on);
        if (on.has(n)) on.delete(n);
        else on.add(n);
        change({ on });
      } });
      return make("label", { class: "check", title: method.summary || null }, box, swatch(n), make("span", {}, breakable(method.label)));
    }),
    make("label", { class: "check" }, make("input", { type: "checkbox", id: "others", checked: state.others, onchange: () => change({ others: !state.others }) }), "the rest in grey"),
    make("div", { class: "row" },
      make("button", { type: "button", class: "button", id: "all", onclick: () => set(METHODS.keys()) }, "All"),
      make("button", { type: "button", class: "button", id: "start", onclick: () => set(start) }, "Reset")));
}

const THEMES = ["", "light", "dark"];
const themeButton = document.getElementById("theme");
function theme(name) {
  document.documentElement.dataset.theme = name;
  themeButton.textContent = { light: "Light", dark: "Dark" }[name] ?? "Theme: auto";
  try { localStorage.setItem("xlsd-theme", name); } catch { /* a page without storage forgets */ }
}
themeButton.addEventListener("click", () => theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % 3]));
let stored = "";
try { stored = localStorage.getItem("xlsd-theme") ?? ""; } catch { /* as above */ }
theme(THEMES.includes(stored) ? stored : "");
// What is folded away on screen is part of a printed page.
addEventListener("beforeprint", () => document.querySelectorAll("details.more").forEach((one) => { one.open = true; }));

state.language = Math.max(0, CODES.indexOf(view().codes[0]));
let width = innerWidth;
addEventListener("resize", () => {
  // Figures are drawn for a width; only a change between phone and desk needs new ones.
  if ((width < 560 || innerWidth < 560) && width !== innerWidth) change({});
  width = innerWidth;
});
change({});
document.documentElement.dataset.ready = ""; // for whoever waits for the page, such as a test
