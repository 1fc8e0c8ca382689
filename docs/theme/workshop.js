// A block of code that is wider than the window can be scrolled by keyboard, too.
for (const code of document.querySelectorAll("pre > code")) {
  code.tabIndex = 0;
}

// A table or a block of code that is wider than the window shows that it goes on, and a table can be scrolled by keyboard as well.
(() => {
  const wide = [...document.querySelectorAll("main .table-wrapper, main pre > code")];
  const look = (box) => {
    // Some pixels are only the rounding of a width.
    const isWide = box.scrollWidth > box.clientWidth + 4;
    const isAtEnd = box.scrollLeft + box.clientWidth >= box.scrollWidth - 2;
    box.classList.toggle("goes-on", isWide && !isAtEnd);
    if (!box.classList.contains("table-wrapper")) return;
    const note = box.previousElementSibling;
    const hasNote = note?.classList.contains("goes-on-note") ?? false;
    if (isWide && !hasNote) {
      const words = document.createElement("p");
      words.className = "goes-on-note";
      words.textContent = "This table is wider than the window. Scroll it sideways.";
      box.before(words);
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", "Table that scrolls sideways");
    } else if (!isWide && hasNote) {
      note.remove();
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  };
  for (const box of wide) {
    box.addEventListener("scroll", () => look(box), { passive: true });
    look(box);
  }
  // Widths change with the window, when a font arrives, and when a box that was closed is opened.
  const sizes = new ResizeObserver(() => wide.forEach(look));
  for (const box of wide) {
    sizes.observe(box);
    if (box.firstElementChild) sizes.observe(box.firstElementChild);
  }
})();

// A "Predict" box takes the reader's guess before it shows the answer, and keeps it in this browser. On GitHub, and without
// scripts, it's a question that opens.
(() => {
  // Storage can be turned off, and a full one refuses.
  const kept = {
    get: (name) => {
      try {
        return localStorage.getItem(name) ?? "";
      } catch {
        return "";
      }
    },
    set: (name, value) => {
      try {
        if (value) localStorage.setItem(name, value);
        else localStorage.removeItem(name);
      } catch {
        // The guess still shows as long as the page is open.
      }
    },
  };
  const made = (tag, className, ...contents) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...contents);
    return element;
  };

  for (const box of document.querySelectorAll("main details")) {
    const summary = box.querySelector(":scope > summary");
    const words = summary?.textContent.trim().replace(/\s+/g, " ") ?? "";
    if (!words.startsWith("Predict:")) continue;

    // By its words: a question that is worded differently next year is a different one.
    const name = `workshop-guess: ${words}`;
    const question = made("p", "", ...summary.childNodes);
    const field = made("input");
    Object.assign(field, { type: "text", maxLength: 80, autocomplete: "off", value: kept.get(name) });
    const guess = made("p", "guess", made("label", "", "Your guess ", field));
    const compared = made("p", "guessed");
    summary.append("Answer");
    summary.after(compared);
    const whole = made("div", "predict");
    box.replaceWith(whole);
    whole.append(question, guess, box);

    const compare = () => {
      const value = field.value.trim();
      compared.hidden = value === "";
      compared.textContent = `You guessed: ${value}`;
      // With the answer in sight, it isn't a guess.
      field.readOnly = box.open;
    };
    compare();
    box.addEventListener("toggle", compare);
    field.addEventListener("input", () => kept.set(name, field.value.trim()));
    field.addEventListener("keydown", (event) => {
      // In mdBook, an arrow key turns the page, and a letter may open the search.
      event.stopPropagation();
      if (event.key === "Enter") box.open = true;
    });
  }
})();

// The boxes of a checklist can be ticked. Nothing keeps them: it is a page, not an account.
for (const box of document.querySelectorAll("main li > input[type=checkbox], main li > p > input[type=checkbox]")) {
  box.disabled = false;
  box.setAttribute("aria-label", box.closest("li").textContent.trim().replace(/\s+/g, " ").slice(0, 80));
}

// A page chooses a picture by the reader's system, but mdBook has themes of its own: follow the theme that is shown.
(() => {
  const follow = () => {
    const dark = ["coal", "navy", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
    for (const source of document.querySelectorAll("picture > source")) {
      source.media = dark ? "all" : "not all";
    }
  };
  new MutationObserver(follow).observe(document.documentElement, { attributeFilter: ["class"] });
  follow();
})();
