// Keeps a job's page up to date; without it the page shows what was when it loaded.

const card = document.querySelector("[data-events]");
const rows = card.querySelector("[data-steps]");
const bar = card.querySelector("progress");
const note = card.querySelector("[data-note]");
const badge = document.querySelector("[data-state]");
const seen = Number(card.dataset.seen);

function cell(row, index, text, kind = "td") {
  while (row.cells.length <= index) row.append(document.createElement(row.cells.length ? "td" : kind));
  row.cells[index].textContent = text;
  return row.cells[index];
}

function show(name, state, took, error) {
  let row = [...rows.rows].find((one) => one.dataset.step === name);
  if (!row) {
    row = rows.insertRow();
    row.dataset.step = name;
    cell(row, 0, name, "th").scope = "row";
    cell(row, 2, 0).className = "number";
  }
  const mark = document.createElement("span");
  mark.className = `state ${state}`;
  mark.textContent = state;
  cell(row, 1, "").append(mark);
  if (state !== "running") cell(row, 2, Number(row.cells[2].textContent) + 1);
  cell(row, 3, took == null ? "" : `${took} ms`).className = "number";
  cell(row, 4, error ?? "").className = "long";
}

function on(source, name, act) {
  source.addEventListener(name, (event) => {
    const said = JSON.parse(event.data);
    if (said.seq === undefined || said.seq > seen) act(said);
  });
}

const source = new EventSource(card.dataset.events);
on(source, "step", (said) => show(said.name, said.state, said.durationMs, said.error));
on(source, "progress", (said) => {
  if (said.step) show(said.step, "running");
  if (said.progress != null) bar.value = said.progress;
  if (said.note) note.textContent = said.note;
});
on(source, "state", (said) => {
  const mark = document.createElement("span");
  mark.className = `state ${said.state}`;
  mark.textContent = said.state;
  badge.replaceChildren(mark, ` ${said.reason ?? ""}`);
});
for (const name of ["end", "reset"]) {
  source.addEventListener(name, () => {
    source.close();
    location.reload();
  });
}
