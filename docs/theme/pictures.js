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
