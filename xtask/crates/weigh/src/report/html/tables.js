// Tables. Each is in a box that scrolls by itself, so that a long name never makes the page wider than a phone.

// A column: `title`; `cell(row)` gives its text or element; `number` says that it is one. With `value(row)`, which
// gives what to compare, a listing can be sorted by it.

function scrolling(label, ...children) {
  // Without the tab stop, a keyboard could not scroll it.
  return element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": label }, ...children);
}

function cells(columns, row) {
  const made = columns.map((column, at) => {
    const kind = column.number ? "number" : column.kind;
    return element(at === 0 ? "th" : "td", { class: kind, scope: at === 0 ? "row" : null }, column.cell(row));
  });
  return element("tr", {}, ...made);
}

// `total`: a row like the others, set off as the sum of all.
function footer(columns, total) {
  const named = [{ cell: ({ name }) => name }, ...columns.slice(1)];
  return total ? [element("tfoot", {}, cells(named, total))] : [];
}

function simpleTable(label, columns, rows, total = null) {
  const titles = columns.map(({ title, number }) =>
    element("th", { scope: "col", class: number ? "number" : null }, title),
  );
  const head = element("thead", {}, element("tr", {}, ...titles));
  const body = element("tbody", {}, ...rows.map((row) => cells(columns, row)));
  return scrolling(label, asOneStop(element("table", {}, head, body, ...footer(columns, total))));
}

// A name in a table as a button that asks for something about it, also when the keyboard only passes it.
function asking(content, ask) {
  return element(
    "button",
    {
      type: "button",
      class: "ask",
      tabindex: "-1",
      title: "Why is it here?",
      focus: () => ask(null),
      click: ({ currentTarget }) => ask(currentTarget),
    },
    content,
  );
}

// All names in a table are one stop of the tab key; the arrow keys go from one to the next.
function asOneStop(table) {
  const all = () => [...table.querySelectorAll("tbody .ask")];
  const stopAt = (button) => all().forEach((other) => (other.tabIndex = other === button ? 0 : -1));
  if (all().length > 0) stopAt(all()[0]);
  table.onkeydown = (event) => {
    const buttons = all();
    const at = buttons.indexOf(event.target);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    buttons[next]?.focus();
  };
  for (const button of all()) button.onfocus = () => stopAt(button);
  return table;
}

// A table that can be sorted and filtered. Only its first rows are made until somebody asks for all: a browser takes
// long for thousands.
class Listing {
  static FIRST = 200;

  // `what`: the plural of what a row is; `text(row)`: what the filter looks in.
  constructor(place, label, columns, what, text) {
    Object.assign(this, { columns, what, text, rows: [], total: null, all: false, filter: "" });
    this.sorted = { column: columns.find((column) => column.first), descending: true };
    const search = element("input", {
      type: "search",
      id: `${place.id}-filter`,
      autocomplete: "off",
      spellcheck: "false",
      input: (event) => {
        this.filter = event.target.value.toLowerCase();
        this.all = false;
        this.render();
      },
    });
    this.count = element("p", { role: "status" });
    this.heads = columns.map((column) => {
      const button = element("button", { type: "button", click: () => this.sort(column) }, column.title);
      return element("th", { scope: "col", class: column.number ? "number" : null }, button);
    });
    this.table = element("table", {}, element("thead", {}, element("tr", {}, ...this.heads)));
    this.more = element("button", {
      type: "button",
      class: "more",
      click: () => {
        this.all = true;
        this.render();
        this.region.focus(); // the button is gone
      },
    });
    this.region = scrolling(label, this.table);
    const prompt = element("label", { for: search.id }, `Show only ${what} whose name or crate contains`);
    place.replaceChildren(element("p", { class: "controls" }, prompt, " ", search), this.count, this.region, this.more);
  }

  show(rows, total) {
    Object.assign(this, { rows, total, all: false });
    this.render();
  }

  sort(column) {
    const { sorted } = this;
    // Largest first is what one wants of numbers, and A to Z of names.
    sorted.descending = sorted.column === column ? !sorted.descending : Boolean(column.number);
    sorted.column = column;
    this.render();
  }

  render() {
    const { column, descending } = this.sorted;
    const direction = descending ? -1 : 1;
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const found = this.rows.filter((row) => this.text(row).toLowerCase().includes(this.filter));
    found.sort((a, b) => direction * compare(column.value(a), column.value(b)) || compare(a.name, b.name));
    const shown = this.all ? found : found.slice(0, Listing.FIRST);

    this.heads.forEach((head, at) => {
      if (this.columns[at] !== column) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    });
    const body = element("tbody", {}, ...shown.map((row) => cells(this.columns, row)));
    this.table.replaceChildren(this.table.tHead, body, ...footer(this.columns, this.total));
    asOneStop(this.table);
    this.region.scrollTop = 0;
    const of = found.length < this.rows.length ? `, of ${thousands(this.rows.length)} in all` : "";
    this.count.textContent = `${thousands(shown.length)} of ${thousands(found.length)} ${this.what}${of}.`;
    this.more.hidden = shown.length === found.length;
    this.more.textContent = `Show all ${thousands(found.length)} ${this.what}`;
  }
}
