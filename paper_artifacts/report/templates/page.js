"use strict";
// Search, filters of tables and outlines, and the graph; without scripts everything is shown.
const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
for (const form of document.querySelectorAll("form.filter")) {
  const input = form.querySelector("input"), select = form.querySelector("select"), output = form.querySelector("output");
  const box = document.getElementById(form.dataset.table || form.dataset.graph);
  const rows = [...box.querySelectorAll("tr[data-choice]")], nodes = [...box.querySelectorAll(".node")];
  const groups = [...box.querySelectorAll("details.group")];
  const apply = () => {
    const words = wordsOf(input.value), choice = select ? select.value : "", asked = words.length > 0 || choice !== "";
    const fits = (text) => words.every((word) => text.toLowerCase().includes(word));
    let shown = 0;
    for (const row of rows) {
      row.hidden = !(fits(row.textContent) && (!choice || row.dataset.choice === choice));
      for (let next = row.nextElementSibling; next && next.classList.contains("more"); next = next.nextElementSibling) next.hidden = row.hidden;
      shown += !row.hidden;
    }
    for (const node of nodes) {
      const found = asked && fits(node.dataset.name);
      node.classList.toggle("found", found);
      node.classList.toggle("lost", asked && !found);
      shown += found;
    }
    for (const group of groups) group.open = asked && [...group.querySelectorAll("tr[data-choice]:not([hidden]), .found")].length > 0;
    output.textContent = asked ? `${shown} of ${rows.length + nodes.length}` : "";
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", apply);
  if (select) select.addEventListener("change", apply);
}
// The search of everything (search.js). A word fits a name that has it, or a word that begins with a part of the name: "adder"
// finds "gates.add". Of texts it fits those that have it.
const rank = ([kind, name, page, text], word) => {
  const parts = name.toLowerCase().split(/[^a-z0-9]+/);
  if (name.toLowerCase() === word) return 5;
  if (parts.includes(word)) return 4;
  if (parts.some((part) => part.startsWith(word) || (part.length > 2 && word.startsWith(part)))) return 3;
  if (name.toLowerCase().includes(word)) return 2;
  return text.toLowerCase().includes(word) ? 1 : 0;
};
for (const form of document.querySelectorAll("form.find")) {
  const input = form.querySelector("input"), list = form.querySelector("ol"), root = form.dataset.root, most = 12;
  form.hidden = false;
  const found = () => {
    const words = wordsOf(input.value);
    const ranked = INDEX.map((entry, i) => [words.map((word) => rank(entry, word)), i, entry]).filter(([each]) => each.every(Boolean));
    const sum = (each) => each.reduce((a, b) => a + b, 0);
    return words.length ? ranked.sort((a, b) => sum(b[0]) - sum(a[0]) || a[2][1].length - b[2][1].length || a[1] - b[1]).map((item) => item[2]) : [];
  };
  input.addEventListener("input", () => {
    const all = found();
    list.textContent = "";
    for (const [kind, name, page, text] of all.slice(0, most)) {
      const item = document.createElement("li"), link = document.createElement("a"), said = document.createElement("span");
      link.href = root + page; link.textContent = name; said.textContent = ` ${kind}. ${text}`;
      item.append(link, said); list.append(item);
    }
    if (all.length > most || !all.length) {
      const item = document.createElement("li");
      item.textContent = all.length ? `and ${all.length - most} more` : "Nothing is called so or says so.";
      list.append(item);
    }
    list.hidden = !input.value.trim();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = list.querySelector("a");
    if (first) location.href = first.href;
  });
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") list.hidden = true; });
}
// The edges of the box under the pointer or with the focus.
for (const graph of document.querySelectorAll("svg.graph")) {
  const edges = [...graph.querySelectorAll(".edge")].map((edge) => [edge, edge.dataset.ends.split(" ")]);
  const mark = (event) => {
    const node = event.type.endsWith("in") || event.type === "mouseover" ? event.target.closest(".node") : null;
    for (const [edge, ends] of edges) edge.classList.toggle("lit", node !== null && ends.includes(node.dataset.name));
  };
  for (const type of ["mouseover", "mouseout", "focusin", "focusout"]) graph.addEventListener(type, mark);
}
const open = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
};
window.addEventListener("hashchange", open);
document.addEventListener("click", (event) => {  // the same address again
  const link = event.target.closest("a");
  if (link && link.getAttribute("href") === location.hash) setTimeout(open);
});
open();
// On paper the parts of outlines and graphs are open.
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details.group:not([open])")];
  for (const details of closed) details.open = true;
});
window.addEventListener("afterprint", () => { for (const details of closed) details.open = false; });
