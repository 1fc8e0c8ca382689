// Why something is in the program: the graph that the page carries, the treemap of what keeps what, and the panel.

// A name without what stands for type parameters: `_` does.
function generic(name) {
  let short = "";
  const open = []; // for each `<` that is open: whether it holds arguments
  let before = " ";
  for (const character of name) {
    const hidden = open.includes(true);
    if (character === "<") {
      const holds = /[:_\p{L}\p{N}]/u.test(before);
      if (!hidden) short += holds ? "<_" : "<";
      open.push(holds);
    } else if (character === ">" && before !== "-") {
      open.pop();
      if (!open.includes(true)) short += ">";
    } else if (!hidden) short += character;
    before = character;
  }
  return short;
}

// A name for a small box: of each path the last two steps.
const brief = (name) =>
  generic(name)
    .replace(/::<_>/g, "")
    .replace(/(?:\w+::)+(?=\w+::[\w{])/g, "")
    .replace(/^<([^<> ]+)>/, "$1");

// The graph of a build from what the page carries. A part: `name`, `krate`, `own`, `retained`, `dominator` and `before` (parts, or
// undefined), `kept` (the parts that it dominates), and `smaller`, of how many it was made.
function graphOf({ nodes, rest, crates, modules }, strings) {
  const parts = nodes.map(([name, krate, own]) => {
    const smaller = name < 0 ? -name : 0;
    const named = smaller > 0 ? `${thousands(smaller)} smaller ${smaller === 1 ? "part" : "parts"}` : strings[name];
    return { name: named, krate: strings[krate] ?? "", own, retained: own, kept: [], smaller };
  });
  const top = [];
  // Each comes after its dominator.
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const part = parts[at];
    [part.dominator, part.before] = [parts[nodes[at][3]], parts[nodes[at][4]]];
    (part.dominator?.kept ?? top).push(part);
    if (part.dominator) part.dominator.retained += part.retained;
  }
  const weight = ([own, retained, nearest, keeper]) => ({ own, retained, part: parts[nearest], keeper: parts[keeper] });
  return {
    top,
    rest: rest.map(([name, bytes]) => ({ name, bytes })),
    weight,
    crates: crates.map(([name, code, of]) => ({ name: strings[name], code, isCrate: true, ...weight(of) })),
    modules: new Map(
      modules.map(([krate, module, of]) => {
        const name = `${strings[krate]}::${strings[module]}`;
        return [name, { name, krate: strings[krate], isModule: true, ...weight(of) }];
      }),
    ),
  };
}

// What the panel shows of a part of the graph.
const reasonOf = (part) => ({
  name: part.name,
  krate: part.krate,
  own: part.own,
  retained: part.retained,
  part,
  keeper: part.dominator,
});

// The treemap's boxes: in each part its own bytes, and what it dominates.
function keptTree({ top, rest }, all, bytes) {
  const leaf = { more: 0, less: 0, children: null };
  const boxOf = (part) => {
    const { name, krate, own, retained, kept } = part;
    const reason = reasonOf(part);
    const box = { ...leaf, name: brief(name), full: name, krate, bytes: retained, reason };
    if (kept.length === 0) return box;
    const itself = { ...leaf, name: "itself", full: `${name}, itself`, krate, bytes: own, reason };
    return { ...box, children: [itself, ...kept.map(boxOf)] };
  };
  // What the twin has more than the file takes no room.
  const others = rest.filter((owner) => owner.bytes > 0);
  const beside = others.map(({ name, bytes }) => {
    const reason = { name, krate: name, own: bytes, retained: null };
    return { ...leaf, name, full: name, krate: name, bytes, reason };
  });
  return { ...leaf, name: all, full: all, krate: "", bytes, children: [...top.map(boxOf), ...beside] };
}

// The parts from where the program begins to this one.
function wayTo(part) {
  const way = [];
  for (let at = part; at; at = at.before) way.unshift(at);
  return way;
}

function keepersOf({ keeper, name, isCrate }) {
  const keepers = [];
  for (let at = keeper; at; at = at.dominator) {
    // What belongs to a crate goes with it.
    if (at.smaller === 0 && !(isCrate && at.krate === name)) keepers.push(at);
  }
  return keepers;
}

// The panel. It shows what was last clicked or focused. A name in a table is far from it, so a click on one leads here, and the panel
// has the way back.
class Why {
  static KEEPERS = 12;

  constructor(place) {
    this.place = place;
    this.from = null;
    this.title = element("h3", { id: "why-title", tabindex: "-1" }, "Why is it here?");
    this.subject = element("p", { class: "subject" });
    // Spoken when it changes: where a box is only focused, the focus stays with it.
    this.sums = element("p", { role: "status" });
    this.ways = element("div", {});
    this.back = element(
      "button",
      { type: "button", class: "more", hidden: true, click: () => this.leave() },
      "Back to the table (Escape)",
    );
    place.replaceChildren(this.title, this.subject, this.sums, this.back, this.ways);
    // The tab key leads here from the box of a treemap.
    place.addEventListener("focusin", ({ relatedTarget }) => {
      if (relatedTarget?.closest(".map")) this.from = relatedTarget;
    });
    place.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.from) return;
      event.preventDefault();
      this.leave();
    });
  }

  clear(fileBytes) {
    this.fileBytes = fileBytes;
    this.from = null;
    this.back.hidden = true;
    this.subject.textContent = "Choose a box, or a name in the tables of crates and functions.";
    this.sums.textContent = "";
    this.ways.replaceChildren();
  }

  // `from`: the button to go back to.
  show(reason, from = null) {
    this.from = from;
    this.back.hidden = !from?.matches(".ask");
    const { name, krate, own, retained, isCrate, isModule } = reason;
    const of = krate && krate !== name ? (krate.startsWith("[") ? ` ${krate}` : ` (${krate})`) : "";
    const kind = isCrate ? " (crate)" : isModule ? " (module)" : of;
    this.subject.replaceChildren(element("code", {}, path(name)), name.startsWith("[") ? "" : kind);
    const without =
      retained === null || name.startsWith("[")
        ? ""
        : ` ${bytesOf(retained)} (${shareOf(retained, this.fileBytes)}) wouldn't be there without it.`;
    this.sums.textContent = `${bytesOf(own)} of the file are its own.${without}`;
    this.ways.replaceChildren(...this.way(reason), ...this.keepers(reason));
    this.place.scrollTop = 0;
    if (from) this.enter();
  }

  enter() {
    this.title.focus({ preventScroll: true });
    this.place.scrollIntoView({ block: "nearest" });
  }

  leave() {
    const { from } = this;
    this.from = null;
    this.back.hidden = true;
    from?.focus();
    from?.scrollIntoView({ block: "center" });
  }

  step(part, ...more) {
    const show = () => {
      this.show(reasonOf(part), this.from);
      this.enter();
    };
    const name = element("button", { type: "button", class: "ask", click: show }, path(generic(part.name)));
    return element("li", {}, name, " ", element("span", { class: "muted" }, [part.krate, ...more].join(", ")));
  }

  way({ name, part, isCrate, isModule }) {
    if (!part) return [element("p", {}, "No function or constant has these bytes: they are the file's own.")];
    const several = isCrate || isModule;
    const heading = element(
      "h4",
      {},
      `The shortest way from where the program begins to ${several ? "the nearest part of it" : "it"}`,
    );
    if (part.smaller === 0) return [heading, element("ol", {}, ...wayTo(part).map((step) => this.step(step)))];
    const small = several || part.name !== name ? "It is one of" : "They are";
    if (!part.dominator) {
      const words = `${small} ${part.name} that no single part keeps. The page leaves out the ways to them; bloat --why shows them.`;
      return [element("p", {}, words)];
    }
    const last = element("li", {}, `${small} ${part.name} that only this one keeps.`);
    return [heading, element("ol", {}, ...wayTo(part.dominator).map((step) => this.step(step)), last)];
  }

  keepers(reason) {
    if (!reason.part) return [];
    const keepers = keepersOf(reason);
    if (keepers.length === 0) {
      const words = "Removing a single part wouldn't remove it entirely: there are several paths to it, or it's an entry point.";
      return [element("p", {}, words)];
    }
    const shown = keepers.slice(0, Why.KEEPERS).map((part) => this.step(part, `retains ${thousands(part.retained)}`));
    const more = keepers.length - shown.length;
    return [
      element("h4", {}, "Removing any one of these removes it entirely; the nearest to it is listed first"),
      element("ul", {}, ...shown),
      ...(more > 0 ? [element("p", {}, `And ${thousands(more)} more, nearer to the entry point.`)] : []),
    ];
  }
}
