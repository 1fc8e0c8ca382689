// A block of code that is wider than the window can be scrolled by keyboard, too.
for (const code of document.querySelectorAll("pre > code")) {
  code.tabIndex = 0;
}

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
