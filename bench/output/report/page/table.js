// A table that sorts by any column. Columns: {head, value(row) to sort by, cell(row) to show, text: true for words}.

/**
 * Fill `host` with a table of `rows`; the order chosen by the reader is kept under `memory` between redraws.
 * The first column is the head of its row. `options.row(row)` gives the class of a line.
 */
function table(host, columns, rows, options = {}) {
  const memory = options.memory ?? {};
  if (memory.column === undefined) Object.assign(memory, { column: options.sort ?? null, down: options.down ?? true });
  const body = make("tbody");
  const heads = columns.map((column, n) => make("th", { scope: "col", class: column.text ? "text" : null },
    make("button", { type: "button", title: column.title ?? null, onclick: () => sortBy(n) }, column.head)));
  const caption = make("caption", { class: "sr" }, options.caption ?? "");

  function sortBy(n) {
    memory.down = memory.column === n ? !memory.down : !columns[n].text;
    memory.column = n;
    show();
  }

  function show() {
    const { column, down } = memory;
    const ordered = [...rows];
    if (column !== null && columns[column]) {
      const keyed = ordered.map((row) => [columns[column].value(row), row]);
      keyed.sort(([a], [b]) => compareValues(a, b, down));
      ordered.splice(0, ordered.length, ...keyed.map(([, row]) => row));
    }
    heads.forEach((head, n) => {
      if (n === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    put(body, ...ordered.map(line));
  }

  function line(row) {
    const cells = columns.map((column, n) => {
      const found = column.cell(row);
      const { content, class: name } = found !== null && found !== undefined && found.content !== undefined ? found : { content: found };
      const kind = [column.text ? "text" : "", name ?? ""].join(" ").trim() || null;
      return make(n ? "td" : "th", { scope: n ? null : "row", class: kind }, ...[content ?? ""].flat());
    });
    return make("tr", { class: options.row?.(row) || null }, cells);
  }

  show();
  put(host, make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": options.caption ?? "Table" },
    make("table", {}, caption, make("thead", {}, make("tr", {}, heads)), body)));
}

/** Order of two values, missing ones always last. */
function compareValues(a, b, down) {
  const gone = (value) => value === null || value === undefined || Number.isNaN(value) || value === "";
  if (gone(a) || gone(b)) return gone(a) - gone(b);
  const way = typeof a === "string" ? a.localeCompare(b) : a - b;
  return down ? -way : way;
}

let fields = 0;
const freshId = () => `field-${(fields += 1)}`;

/** A search field that calls `found(text)`, and a test of a text against what was typed. */
function search(label, found) {
  const id = freshId();
  const input = make("input", { type: "search", id, oninput: () => found(input.value), spellcheck: "false" });
  return make("div", { class: "field" }, make("label", { for: id }, label), input);
}

const matches = (text, typed) => typed.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));

/** A labelled list to choose from: `choices` are [value, text]. */
function choice(label, choices, chosen, found, kind = "field") {
  const options = choices.map(([value, text]) => make("option", { value, selected: String(value) === String(chosen) }, text));
  const id = freshId();
  const list = make("select", { id, onchange: () => found(list.value) }, options);
  return make("div", { class: kind }, make("label", { for: id }, label), list);
}
