"use strict";
// A table of thousands of rows that can be sorted, filtered and searched. Without this script it is a plain table, whole.
(() => {
  const FIRST = 200; // rows in the page at once: a browser takes long for thousands
  const COUNT_DELAY = 300; // milliseconds without a key before the count is read out and the address changes

  const thousands = (number) => number.toLocaleString("en");
  const words = (count, what) => `${thousands(count)} ${count === 1 ? what.slice(0, -1) : what}`;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  for (const box of document.querySelectorAll("[data-listing]")) {
    const section = box.closest("section");
    const name = section.id;
    const { what } = box.dataset;
    const table = section.querySelector("table");
    const region = table.parentElement;
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...body.rows].map((row, at) => ({ row, at, text: null, lists: {}, keys: [] }));
    const controls = [...box.querySelectorAll("[name]")];
    const count = box.querySelector("[role=status]");
    const reset = box.querySelector("[data-reset]");
    const more = section.querySelector("[data-more]");
    let sorted = { column: -1, descending: false };
    let found = rows;
    let all = false;
    let timer = 0;

    const textOf = (entry) => (entry.text ??= entry.row.textContent.toLowerCase());
    const listOf = (entry, key) => (entry.lists[key] ??= (entry.row.dataset[key] ?? "").split("|"));
    const isNumber = (column) => heads[column].classList.contains("number");
    const keyOf = (entry, column) => {
      if (!(column in entry.keys)) {
        const cell = entry.row.cells[column];
        const text = cell.dataset.sort ?? cell.textContent;
        const number = parseFloat(text.replaceAll(",", "").replace("\u2212", "-"));
        entry.keys[column] = isNumber(column) ? (Number.isNaN(number) ? -Infinity : number) : text;
      }
      return entry.keys[column];
    };

    const compare = (a, b) => {
      const { column, descending } = sorted;
      if (column < 0) return a.at - b.at;
      const [x, y] = [keyOf(a, column), keyOf(b, column)];
      const order = isNumber(column) ? (x < y ? -1 : x > y ? 1 : 0) : collator.compare(x, y);
      return (descending ? -order : order) || a.at - b.at;
    };

    function find() {
      const wanted = controls.filter((control) => control.value.trim() !== "");
      const tests = wanted.map(({ name: key, value }) => {
        if (key !== "q") return (entry) => listOf(entry, key).includes(value);
        const parts = value.toLowerCase().split(/\s+/).filter(Boolean);
        return (entry) => parts.every((part) => textOf(entry).includes(part));
      });
      found = rows.filter((entry) => tests.every((test) => test(entry))).sort(compare);
    }

    function draw() {
      const shown = all ? found : found.slice(0, FIRST);
      body.replaceChildren(...shown.map(({ row }) => row));
      heads.forEach((head, at) => {
        if (at !== sorted.column) head.removeAttribute("aria-sort");
        else head.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      });
      more.hidden = shown.length === found.length;
      more.textContent = `Show all ${words(found.length, what)}`;
      reset.disabled = controls.every(({ value }) => value === "");
      clearTimeout(timer);
      timer = setTimeout(tell, COUNT_DELAY);
    }

    // What a screen reader says, and the address, which can be sent to a colleague: once, when the keys rest.
    function tell() {
      const shown = body.rows.length;
      const of = found.length < rows.length ? ` of ${thousands(rows.length)}` : "";
      const first = shown < found.length ? `, the first ${thousands(shown)} shown` : "";
      count.textContent = found.length === 0 ? `No ${what} match.` : `${words(found.length, what)}${of}${first}.`;
      const state = new URLSearchParams();
      for (const { name: key, value } of controls) if (value !== "") state.set(key, value);
      if (sorted.column >= 0) {
        state.set("sort", heads[sorted.column].textContent.trim());
        if (sorted.descending) state.set("order", "down");
      }
      const fragment = state.size > 0 ? `#${name}?${state}` : "";
      const own = location.hash.startsWith(`#${name}?`);
      if (fragment !== location.hash && (fragment !== "" || own)) {
        history.replaceState(null, "", fragment || `#${name}`);
      }
    }

    function update() {
      all = false;
      find();
      draw();
      region.scrollTop = 0;
    }

    // The state in the address; false if there is none.
    function read() {
      const prefix = `#${name}?`;
      if (!location.hash.startsWith(prefix)) return false;
      const state = new URLSearchParams(location.hash.slice(prefix.length));
      for (const control of controls) {
        control.value = state.get(control.name) ?? "";
        // A select has no value that is not one of its options.
        if (control.value === "" && state.get(control.name)) control.value = "";
      }
      const column = heads.findIndex((head) => head.textContent.trim() === state.get("sort"));
      sorted = { column, descending: state.get("order") === "down" };
      return true;
    }

    function arrive() {
      if (!read()) return;
      update();
      section.scrollIntoView();
    }

    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => {
        // The largest first is what one wants of numbers, and A to Z of names; the third click brings the first order back.
        const first = isNumber(column);
        if (sorted.column !== column) sorted = { column, descending: first };
        else if (sorted.descending === first) sorted = { column, descending: !first };
        else sorted = { column: -1, descending: false };
        update();
      });
      head.append(button);
    });
    for (const control of controls) control.addEventListener("input", update);
    reset.addEventListener("click", () => {
      for (const control of controls) control.value = "";
      update();
      controls[0].focus(); // the button is disabled now
    });
    more.addEventListener("click", () => {
      all = true;
      draw();
      region.focus(); // the button is gone
    });
    addEventListener("hashchange", arrive);
    // On paper there is no button: all that was found is printed.
    let before = false;
    addEventListener("beforeprint", () => {
      before = all;
      all = true;
      draw();
    });
    addEventListener("afterprint", () => {
      all = before;
      draw();
    });

    // Numbers elsewhere in the page lead to the rows that they count.
    for (const place of document.querySelectorAll(`[data-show]`)) {
      const link = document.createElement("a");
      link.href = `#${name}?${place.dataset.show}`;
      link.append(...place.childNodes);
      place.append(link);
    }

    box.hidden = false;
    read();
    update();
    if (location.hash.startsWith(`#${name}?`)) section.scrollIntoView();
  }
})();
