// A treemap to walk through: crates, their modules, their functions. The boxes are buttons.

// A node: `name`, `full` (the name with its path), `krate`, `bytes` (its area), `more` and `less` (what came and what
// went, of two builds), `children` unless it is a function, and `reason`, what the panel shows of it.

// `reasons(krate, module)`: what the panel shows of a crate, or of a module in it.
function grow(functions, all, reasons = () => undefined) {
  const node = (name, full, krate) => ({ name, full, krate, bytes: 0, more: 0, less: 0, children: [] });
  const root = node(all, all, "");
  const nodes = new Map();
  const child = (parent, key, name, full, krate) => {
    if (!nodes.has(key)) {
      nodes.set(key, node(name, full, krate));
      parent.children.push(nodes.get(key));
    }
    return nodes.get(key);
  };
  for (const { name, krate, module, bytes, more = 0, less = 0, what = "", reason } of functions) {
    const path = [root, child(root, krate, krate, krate, krate)];
    // What is in no module of a crate lies beside the crate's modules, like a file beside folders.
    const within = module === "" ? `${krate}::` : `${krate}::${module}::`;
    if (module !== "") path.push(child(path[1], within, module, `${krate}::${module}`, krate));
    // The box is inside its module: what the path repeats of that would only be cut off.
    const start = name.indexOf(within);
    const short = start >= 0 && /^[<&]*$/.test(name.slice(0, start)) ? name.slice(start + within.length) : name;
    const leaf = { name: short, full: name, krate, bytes, more, less, what, reason, children: null };
    path.at(-1).children.push(leaf);
    for (const above of path) {
      above.bytes += bytes;
      above.more += more;
      above.less += less;
    }
  }
  for (const krate of root.children) {
    krate.reason = reasons(krate.krate);
    for (const inner of krate.children) inner.reason ??= inner.children ? reasons(krate.krate, inner.name) : undefined;
  }
  // A crate of which nothing else is known is no box in a box: `[unattributed]`.
  root.children = root.children.map((krate) =>
    krate.children.length === 1 && krate.children[0].full === krate.full ? krate.children[0] : krate,
  );
  return root;
}

class Treemap {
  // Lengths in CSS pixels. A box that is smaller than a finger needs (24 by 24) is only drawn, or gathered into one.
  static HEADER = 26;
  static FINGER = 24;
  static GATHERED = 1300; // square pixels
  static SPLIT = 70;
  static DIGIT = 9; // no font has wider ones at this size

  // `say(node)`: the numbers of a box in words; `mark(node)`: the beginning of that, which the box shows;
  // `paint(node)`: its class; `choose(node)`: is called with the node that was last clicked or focused; `levels`: how many boxes are
  // at most drawn in each other; `help`: what else the keys do.
  constructor(place, label, { say, mark, paint, choose = () => {}, levels = 2, help: more = "" }) {
    Object.assign(this, { say, mark, paint, choose, levels, path: [] });
    this.crumbs = element("ol", {});
    this.where = element("p", { role: "status" });
    this.area = element("div", {
      class: "map",
      role: "group",
      "aria-label": label,
      "aria-describedby": `${place.id}-help`,
      click: (event) => this.activate(event.target.closest("button")),
      keydown: (event) => this.key(event),
      focusin: (event) => {
        this.point(event.target);
        if (event.target.steps) this.choose(event.target.steps.at(-1));
      },
      pointerover: (event) => this.point(event.target.closest("button") ?? event.target),
    });
    this.detail = element("p", { class: "detail" });
    const help = element(
      "p",
      { class: "help", id: `${place.id}-help` },
      `Click or Enter: into a box. Escape, or the path above: out again. Arrow keys: to the next box.${more}`,
    );
    const crumbs = element("nav", { class: "crumbs", "aria-label": `Path in: ${label}` }, this.crumbs);
    place.replaceChildren(crumbs, this.where, this.area, help, this.detail);
    // Also when the page turns on a phone. The width alone counts: the height follows from it.
    let width = 0;
    new ResizeObserver(() => {
      const { clientWidth } = this.area;
      // On paper the map is hidden and has no width.
      if (clientWidth === width || clientWidth === 0 || this.path.length === 0) return;
      width = clientWidth;
      const focused = this.area.contains(document.activeElement) ? document.activeElement.steps?.at(-1) : null;
      this.render();
      if (focused) this.focusOn(focused);
    }).observe(this.area);
  }

  show(root) {
    this.path = [root];
    this.render();
  }

  render() {
    const node = this.path.at(-1);
    this.area.hidden = node.bytes === 0;
    const width = this.area.clientWidth;
    const height = Math.round(Math.max(400, Math.min(600, width * 0.55)));
    this.area.style.height = `${height}px`;
    const boxOf = (child, level) => ({
      node: child,
      children: level < this.levels ? child.children?.map((inner) => boxOf(inner, level + 1)) : undefined,
    });
    const boxes = this.gather(node, width * height).map((child) => boxOf(child, 1));
    const tree = d3
      .hierarchy({ children: boxes })
      .sum((box) => (box.node && !box.children?.length ? box.node.bytes : 0))
      .sort((a, b) => b.value - a.value);
    // The layout asks for the padding when the box already has its place, so that it can depend on the room.
    const isSplit = ({ depth, children, x0, x1, y0, y1 }) =>
      depth > 0 && children && x1 - x0 >= Treemap.SPLIT && y1 - y0 >= Treemap.SPLIT;
    d3
      .treemap()
      .tile(d3.treemapSquarify)
      .size([width, height])
      .paddingInner(2)
      .paddingOuter((box) => (isSplit(box) ? 3 : 0))
      .paddingTop((box) => (isSplit(box) ? Treemap.HEADER : 0))
      .round(true)(tree);

    const made = [];
    const draw = (box, above) => {
      const { node } = box.data;
      const steps = [...above, node];
      if (!isSplit(box)) {
        const room = Math.min(box.x1 - box.x0, box.y1 - box.y0);
        if (above.length === 0 || room >= Treemap.FINGER) made.push(this.box(box, steps));
        else if (room > 1) made.push(this.place(element("span", { class: `speck ${this.paint(node)}` }), box));
        return;
      }
      made.push(this.place(element("span", { class: `frame ${this.paint(node)}` }), box));
      made.push(this.box({ ...box, y1: box.y0 + Treemap.HEADER }, steps, true));
      for (const inner of box.children) draw(inner, steps);
    };
    for (const box of tree.children ?? []) draw(box, []);
    this.area.replaceChildren(...made);
    // One stop for the tab key, at the box where one was last; the arrow keys do the rest.
    const [first] = this.buttons();
    if (first) first.tabIndex = 0;
    this.detail.textContent = "";
    this.where.textContent = `${node.full}: ${this.say(node)}`;
    this.crumbs.replaceChildren(
      ...this.path.map((step, at) => {
        const here = at === this.path.length - 1;
        const button = element("button", { type: "button", click: () => this.leave(at) }, step.name);
        if (here) button.setAttribute("aria-current", "location");
        return element("li", {}, button);
      }),
    );
  }

  // The boxes of a node. Those that would be too small to hit become one, which can be entered like the others.
  gather(node, area) {
    const children = [...(node.children ?? [])].sort((a, b) => b.bytes - a.bytes);
    const isLarge = (bytes) => (bytes / node.bytes) * area >= Treemap.GATHERED;
    const large = children.filter((child) => isLarge(child.bytes)).length;
    if (large === children.length) return children;
    // Where all are small, they are so many that some of them must be shown for a start.
    let kept = large || 50;
    while (kept > 1 && !isLarge(sum(children.slice(kept)))) kept -= 1;
    if (children.length - kept < 2) return children;
    const small = children.slice(kept);
    const name = `${thousands(small.length)} smaller`;
    const of = (key) => sum(small, (child) => child[key]);
    const full = `${node.full}, the ${name}`;
    const gathered = { bytes: of("bytes"), more: of("more"), less: of("less") };
    return [...children.slice(0, kept), { name, full, krate: node.krate, children: small, ...gathered }];
  }

  // A button for the last node of `path`, which begins below the node that is shown.
  box(box, path, isHeader = false) {
    const node = path.at(-1);
    const button = element("button", {
      type: "button",
      tabindex: "-1",
      class: `box ${isHeader ? "header " : ""}${this.paint(node)}`,
      // With the text of the box, for those who speak to their computer.
      "aria-label": node.full.endsWith(node.name)
        ? `${node.full} ${this.say(node)}`
        : `${node.name} ${this.say(node)}: ${node.full}`,
    });
    const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
    const mark = this.mark(node);
    // Half a name still tells something, half a number something wrong.
    const room = width - (isHeader ? 90 : 14);
    if (width >= 44) button.append(element("span", { class: "name" }, node.name));
    if (width >= 44 && mark.length * Treemap.DIGIT <= room && (isHeader || height >= 46)) {
      button.append(" ", element("span", { class: "bytes" }, mark));
    }
    button.steps = path;
    return this.place(button, box);
  }

  place(made, { x0, x1, y0, y1 }) {
    // Set from a script, for the page forbids `style` in its markup.
    const { style } = made;
    [style.left, style.top, style.width, style.height] = [x0, y0, x1 - x0, y1 - y0].map((length) => `${length}px`);
    return made;
  }

  buttons() {
    return [...this.area.querySelectorAll("button")];
  }

  point(button) {
    const node = button.steps?.at(-1);
    if (node) this.detail.textContent = `${node.full}: ${this.say(node)}`;
  }

  activate(button) {
    if (!button) return;
    const last = button.steps.at(-1);
    if (last.children) {
      this.path.push(...button.steps);
      this.render();
      this.focus(this.buttons()[0]);
    } else {
      this.where.textContent = `${last.full}: ${this.say(last)}`;
    }
    this.choose(last);
  }

  // Goes out to a step of the path, and to the box that one came from.
  leave(at) {
    if (at < 0 || at >= this.path.length - 1) return;
    const from = this.path[at + 1];
    this.path.length = at + 1;
    this.render();
    this.focusOn(from);
  }

  focusOn(node) {
    const buttons = this.buttons();
    this.focus(buttons.find((button) => button.steps.at(-1).full === node.full) ?? buttons[0]);
  }

  focus(button) {
    if (!button) return;
    for (const other of this.buttons()) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return; // the browser's own
    const buttons = this.buttons();
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const from = event.target.closest("button");
    if (event.key === "Escape") this.leave(this.path.length - 2);
    else if (event.key === "Home") this.focus(buttons[0]);
    else if (event.key === "End") this.focus(buttons.at(-1));
    else if (event.key in directions && from) this.focus(nearest(from, buttons, directions[event.key]));
    else return;
    event.preventDefault();
  }
}

// The box that is next in a direction: near, and better straight ahead than aside.
function nearest(from, buttons, [right, down]) {
  const centre = (button) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const [x, y] = centre(from);
  let [found, least] = [null, Infinity];
  for (const button of buttons) {
    const [dx, dy] = [centre(button)[0] - x, centre(button)[1] - y];
    const ahead = dx * right + dy * down;
    const aside = Math.abs(dx * down) + Math.abs(dy * right);
    if (ahead > 1 && ahead + 2 * aside < least) [found, least] = [button, ahead + 2 * aside];
  }
  return found;
}
