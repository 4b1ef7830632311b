// One small box beside the pointer, or beside the point that the arrow keys have reached.

const tip = document.getElementById("tip");

function showTip(nodes, x, y) {
  put(tip, ...nodes);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 14 + width > innerWidth ? x - 14 - width : x + 14;
  tip.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 12, innerHeight - height - 4))}px`;
}

function hideTip() {
  tip.hidden = true;
}

/** One line of the box: a method and its value. */
function tipLine(method, value) {
  return make("div", { class: "line" }, swatch(method), METHODS[method].label, make("b", {}, value));
}

const tipHead = (text) => make("div", { class: "head" }, text);

/** Tell a screen reader what the box shows. */
function say(nodes) {
  document.getElementById("said").textContent = nodes.map((node) => node.textContent).join(", ");
}

/** A score with its interval. */
function withInterval(found) {
  if (!found || found.score === null) return "no score";
  const range = found.low === null ? "" : ` [${score(found.low)}, ${score(found.high)}]`;
  return `${score(found.score)}${range}`;
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", hideTip, { passive: true });
