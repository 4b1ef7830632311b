// Every cell, the runs that made them, versions, machine, settings, licences.

const cellMemory = {}, cellChoice = { state: "", text: "" };

section(() => {
  const host = document.querySelector("#record > div");
  const holder = make("div");
  const again = () => cellTable(holder);
  const states = [...new Set(view().cells.map((cell) => cell.state))];
  put(host,
    make("h3", {}, "Cells"),
    make("div", { class: "row noprint" },
      choice("State", [["", "all"], ...states.map((name) => [name, name])], cellChoice.state, (value) => { cellChoice.state = value; again(); }),
      search("Find a cell", (text) => { cellChoice.text = text; again(); })),
    holder, DATA.experiments.map(experimentRecord));
  again();
});

function cellTable(host) {
  const cells = view().cells.filter((cell) => (!cellChoice.state || cell.state === cellChoice.state) && matches(cell.id, cellChoice.text));
  table(host, [
    { head: "cell", text: true, value: (c) => c.id, cell: (c) => breakable(c.id) },
    { head: "state", text: true, value: (c) => c.state, cell: (c) => ({ content: c.state, class: c.state === "done" ? "" : "state" }) },
    { head: "pairs", value: (c) => c.pairs, cell: (c) => whole(c.pairs) },
    { head: "time", value: (c) => c.seconds.total ?? null, cell: (c) => clock(c.seconds.total) },
    { head: "training", value: (c) => c.seconds.train ?? null, cell: (c) => clock(c.seconds.train) },
    { head: "pairs/s", value: (c) => c.rate, cell: (c) => (c.rate === null ? "" : c.rate.toFixed(1)) },
    { head: "memory, GB", value: (c) => c.memory, cell: (c) => (c.memory === null ? "" : (c.memory / 1024).toFixed(1)) },
    { head: "chrF", value: (c) => c.chrf, cell: (c) => c.chrf ?? "", title: "of translations of dev pairs" },
    { head: "started", text: true, value: (c) => c.started, cell: (c) => (c.started ?? "").replace("T", " ").replace("Z", "") },
    { head: "what happened", text: true, value: (c) => c.reason || c.warning, cell: (c) => ({ content: c.reason || c.warning, class: c.reason || c.warning ? "state wrap" : "" }) },
  ], cells, { caption: "Cells", memory: cellMemory });
}

function experimentRecord(experiment) {
  const { runs, versions, commits, hardware, precision, mixed, unplanned, profile } = experiment.provenance;
  const several = (list, text) => (list.length ? list.map((one) => `${text(one.value)}${list.length > 1 ? ` (${one.cells} ${one.cells === 1 ? "cell" : "cells"})` : ""}`).join("; ") : "not recorded");
  const facts = [
    ["Commit", several(commits, (c) => c.commit.slice(0, 12) + (c.dirty ? ", with uncommitted changes" : ""))],
    ["Machine", several(hardware, (h) => [h.processor, `${h.cores} ${h.cores === 1 ? "core" : "cores"}`, `${h.memory_gb} GB`, h.accelerator].filter(Boolean).join(", "))],
    ["System", several(hardware, (h) => h.system)], ["Precision", precision.join(", ") || "not recorded"],
    ["Runs", runs.map((run) => `${(run.started ?? "?").slice(0, 16).replace("T", " ")}: ${clock(run.seconds)}, of it preparation ${clock(run.prepare)}; ${run.run} ${run.run === 1 ? "cell" : "cells"} run, ${run.failed} failed, ${run.kept} kept`).join("; ") || "not recorded"],
  ];
  const left = unplanned.length ? make("p", { class: "note" }, `Stored, but not part of the profile and so not shown: ${unplanned.join(", ")}`) : null;
  return make("div", {}, make("h3", { class: "more" }, `Made by: ${experiment.name}`), left, mixedNote(mixed),
    make("dl", { class: "about" }, facts.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)))),
    make("details", { class: "more" }, make("summary", {}, "Versions"), versions.map((one) => make("p", { class: "small" }, Object.entries(one.value).map(([name, version]) => `${name} ${version}`).join(", ")))),
    make("details", { class: "more" }, make("summary", {}, "Profile"), make("pre", { tabindex: 0 }, profile)),
    make("h3", { class: "more" }, "Data and licences"), licenceTable(experiment));
}

// Cells of several machines in one table: a difference may come from that alone.
function mixedNote(lines) {
  if (!lines.length) return null;
  return make("div", { class: "note mixed" }, "Cells of these tables were made on different hardware or software. A difference between them may come from that alone.",
    make("ul", { class: "plain small" }, lines.map((line) => make("li", {}, line))));
}

function licenceTable({ licences, name }) {
  const host = make("div");
  if (!licences.length) return make("p", { class: "muted" }, "Somebody's own data, from files on disk: their licences are not known here.");
  table(host, [
    { head: "source", text: true, value: (l) => l.source, cell: (l) => l.source },
    { head: "package or data set", text: true, value: (l) => l.package, cell: (l) => l.package },
    { head: "licence", text: true, value: (l) => l.licence, cell: (l) => l.licence },
    { head: "task", text: true, value: (l) => l.task, cell: (l) => l.task || "bitext only" },
    { head: "texts in this page", text: true, value: (l) => l.shown, cell: (l) => l.shown },
    { head: "note", text: true, value: (l) => l.note, cell: (l) => ({ content: l.note, class: "wrap" }) },
  ], licences, { caption: `Where the data of ${name} come from` });
  return host;
}
