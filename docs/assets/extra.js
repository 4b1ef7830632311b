// What the theme builds, for the keyboard and for screen readers: tables that scroll can be reached, the search has a name,
// and each row of buttons at a block of code says which one it is.
function reach() {
  document.querySelectorAll(".md-code__nav").forEach((buttons, n) => {
    if (!buttons.hasAttribute("aria-label")) buttons.setAttribute("aria-label", `Buttons of code ${n + 1}`);
  });
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((frame, n) => {
    const scrolls = frame.scrollWidth > frame.clientWidth;
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", `Table ${n + 1}`]]) {
      if (scrolls && frame.getAttribute(name) !== value) frame.setAttribute(name, value);
      if (!scrolls && frame.hasAttribute(name)) frame.removeAttribute(name);
    }
  });
}
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", reach);
reach();
