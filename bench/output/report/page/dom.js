// Elements and numbers. Text from the data only ever becomes a text node or an attribute value, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: `options` are attributes, `class`, and handlers as `onclick: f`; children are nodes or text. */
function make(tag, options = {}, ...children) {
  return fill(document.createElement(tag), options, children);
}

/** An SVG element. */
function draw(tag, options = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), options, children);
}

function fill(element, options, children) {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what an element holds; lists are flattened, nothing and false are left out. */
function put(host, ...children) {
  host.replaceChildren();
  fill(host, {}, children);
}

/** A long name with places to break it at: after `(` and `,`, so that no value and no size and seed is torn from its name. */
const breakable = (text) => text.split(/(?<=[(,])/).flatMap((part, n) => (n ? [make("wbr"), part] : [part]));

/** Text of the answer as nodes: code in backticks, real minus signs outside of it (as the page's own Python does). */
const coded = (text) => text.split("`").map((part, n) => (n % 2 ? make("code", {}, part) : part.replace(/(?<![\w.-])-(?=\.?\d)/g, "−")));

const MISSING = "";
/** A score as the tables have it: .316, empty when there is none. */
const score = (value, digits = 3) => (value === null || value === undefined ? MISSING : short(value.toFixed(digits)));
/** A difference: +.016 or −.004; −.000 is less than zero before rounding, as in the tables. */
const signed = (value, digits = 3) => {
  if (value === null || value === undefined) return MISSING;
  return (value < 0 ? "−" : "+") + short(Math.abs(value).toFixed(digits));
};
const short = (text) => text.replace(/^(-?)0\./, "$1.").replace("-", "−");
const percent = (value) => (value === null || value === undefined ? MISSING : `${value < 0 ? "−" : ""}${Math.abs(value)} %`);
const whole = (value) => (value === null || value === undefined ? MISSING : Math.round(value).toLocaleString("en"));
/** Seconds as `56 s`, `2:08 min`, `1:07 h`. */
function clock(seconds) {
  if (seconds === null || seconds === undefined) return MISSING;
  const s = Math.round(seconds);
  const two = (n) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)} min` : `${Math.floor(s / 3600)}:${two(Math.round((s % 3600) / 60) % 60)} h`;
}
