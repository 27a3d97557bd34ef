"use strict";
// Filters of tables and of the graph; without scripts everything is shown.
for (const form of document.querySelectorAll("form.filter")) {
  const input = form.querySelector("input"), select = form.querySelector("select"), output = form.querySelector("output");
  const table = form.dataset.table && document.getElementById(form.dataset.table);
  const graph = form.dataset.graph && document.getElementById(form.dataset.graph);
  const rows = table ? [...table.tBodies[0].rows].filter((row) => !row.classList.contains("more")) : [];
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const choice = select ? select.value : "";
    const fits = (text) => words.every((word) => text.toLowerCase().includes(word));
    let shown = 0;
    for (const row of rows) {
      const visible = fits(row.textContent) && (!choice || row.dataset.choice === choice);
      row.hidden = !visible;
      const next = row.nextElementSibling;
      if (next && next.classList.contains("more")) next.hidden = !visible;
      shown += visible;
    }
    if (graph) {
      const nodes = [...graph.querySelectorAll(".node")];
      for (const node of nodes) {
        const found = words.length > 0 && fits(node.dataset.name);
        node.classList.toggle("found", found);
        node.classList.toggle("lost", words.length > 0 && !found);
        shown += found;
      }
      output.textContent = words.length ? `${shown} of ${nodes.length}` : "";
    } else output.textContent = words.length || choice ? `${shown} of ${rows.length}` : "";
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", apply);
  if (select) select.addEventListener("change", apply);
}
const open = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
};
window.addEventListener("hashchange", open);
open();
