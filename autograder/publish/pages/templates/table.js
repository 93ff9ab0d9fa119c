// The table of students: a search in all columns, and sorting by any of them. Without it the table is plain, and whole.
"use strict";
{
  const table = document.getElementById("students");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");

  const find = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, i) => {
      const fits = words.every((word) => texts[i].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      count += fits;
    });
    shown.textContent = shown.dataset.text.replace("{shown}", count).replace("{all}", rows.length);
  };

  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const sort = (column) => {
    const head = table.tHead.rows[0].cells[column];
    const up = head.getAttribute("aria-sort") !== "ascending";
    const number = "number" in head.dataset;
    const keyed = rows.map((row) => {
      const text = row.cells[column].textContent;
      return [row, number ? parseFloat(text) : text];
    });
    const empty = (key) => key === "" || Number.isNaN(key);
    keyed.sort(([, a], [, b]) => {
      if (empty(a) || empty(b)) return empty(a) - empty(b); // what is not known comes last, either way
      return (up ? 1 : -1) * (number ? a - b : order.compare(a, b));
    });
    body.append(...keyed.map(([row]) => row));
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
  };

  Array.from(table.tHead.rows[0].cells, (cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    button.addEventListener("click", () => sort(column));
    cell.replaceChildren(button);
  });
  for (const button of document.querySelectorAll("[data-search]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      search.value = button.dataset.search;
      find();
      search.focus();
    });
  }
  search.addEventListener("input", find);
  document.getElementById("find").hidden = false;
  find();
}
