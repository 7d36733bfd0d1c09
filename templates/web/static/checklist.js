// Keys and the place on the page for the checklist; everything works without it.
"use strict";

(() => {
  const typing = (target) => target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
  const cells = () => [...document.querySelectorAll("a.cell")];

  // The matrix stays where it was when an answer is opened, closed or saved; on a phone the drawer comes first.
  const key = `place:${location.pathname}`;
  const wide = matchMedia("(min-width: 1101px)").matches;
  addEventListener("pagehide", () => sessionStorage.setItem(key, String(scrollY)));
  const kept = Number(sessionStorage.getItem(key));
  const ours = document.referrer.startsWith(location.origin + location.pathname);
  if (kept && ours && wide && !document.getElementById("problem")) scrollTo(0, kept);

  const title = document.getElementById("drawer-title");
  if (title && !document.getElementById("problem")) title.focus({ preventScroll: wide });

  const beside = (from, key) => {
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const all = cells();
      return all[all.indexOf(from) + (key === "ArrowRight" ? 1 : -1)];
    }
    const rows = [...document.querySelectorAll(".matrix tbody tr")];
    const row = from.closest("tr");
    const column = [...row.querySelectorAll("a.cell")].indexOf(from);
    const next = rows[rows.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
    const there = next ? [...next.querySelectorAll("a.cell")] : [];
    return there[Math.min(column, there.length - 1)];
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const cell = event.target.closest("a.cell");
    if (cell && event.key.startsWith("Arrow")) {
      const to = beside(cell, event.key);
      if (to) {
        event.preventDefault();
        to.focus();
      }
    } else if (event.key === "n") {
      const next = document.getElementById("next-open") || document.querySelector("td.open a.cell");
      if (next) next.click();
    } else if ("1234".includes(event.key)) {
      const choice = document.querySelectorAll(".assess input[name=assessment]")[Number(event.key) - 1];
      if (choice) {
        choice.checked = true;
        choice.focus();
      }
    }
  });
})();
