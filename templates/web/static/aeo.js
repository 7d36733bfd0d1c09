// What pages do faster with a script; everything works without it. Knows no page by name.
"use strict";

(() => {
  const focusFirst = () => {
    // After an error the summary, after a change the sentence that tells it.
    const told = document.getElementById("problem") || document.getElementById("flash");
    if (told) told.focus();
  };

  // A second press of the same button sends nothing; the server would answer it as done already.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 10000);
  });

  // "/" goes to the search box, unless somebody is typing.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const box = document.getElementById("find-anywhere");
    if (box) {
      event.preventDefault();
      box.focus();
    }
  });

  // A menu closes when the focus leaves it or Escape is pressed.
  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest("details.me");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("details.me[open]");
    if (event.key === "Escape" && menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // The bulk bar says how many rows are chosen.
  const said = document.querySelector("[data-chosen]");
  if (said) {
    const boxes = [...document.querySelectorAll(".rows input[name=case]")];
    const count = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      said.textContent = chosen ? `${chosen} selected of ${boxes.length}` : "Choose cases to assign them";
    };
    document.addEventListener("change", count);
    count();
  }

  focusFirst();
})();
