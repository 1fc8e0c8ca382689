"use strict";
// Goes from passage to passage, on both sides at once.
(() => {
  const sides = [...document.querySelectorAll("[data-side]")];
  const steps = document.querySelector("[data-steps]");
  const status = steps.querySelector("[role=status]");
  const rows = [...document.querySelectorAll("main table tbody tr")];
  let current = 0;

  const marks = (number) => document.querySelectorAll(`mark[data-passage="${number}"]`);

  function go(number) {
    for (const mark of marks(current)) mark.classList.remove("current");
    current = ((number - 1 + rows.length) % rows.length) + 1;
    for (const mark of marks(current)) mark.classList.add("current");
    for (const side of sides) {
      const first = side.querySelector(`mark[data-passage="${current}"]`);
      if (first) side.scrollTop += first.getBoundingClientRect().top - side.getBoundingClientRect().top - 80;
    }
    const cells = [...rows[current - 1].cells].map((cell) => cell.textContent);
    status.textContent = `Passage ${cells[0]} of ${rows.length}: ${cells[1]}; ${cells[2]}; ${cells[3]} units, in ${cells[4]} submissions.`;
  }

  for (const button of steps.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => go(current + Number(button.dataset.go)));
  }
  for (const side of sides) {
    side.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const way = { n: 1, p: -1 }[event.key];
      if (way) go(current === 0 && way < 0 ? rows.length : current + way);
    });
  }
  for (const link of document.querySelectorAll("a[href^='#a-'], a[href^='#b-']")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      go(Number(link.getAttribute("href").slice(3)));
      document.querySelector(link.getAttribute("href"))?.focus({ preventScroll: true });
    });
  }
  steps.hidden = false;
})();
