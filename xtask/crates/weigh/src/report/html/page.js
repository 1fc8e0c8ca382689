// The parts of the page, from the data that it carries.

const UNATTRIBUTED = "[unattributed]";
const data = JSON.parse(byId("data").textContent);

// The strings are sorted, and each says how many characters it has in common with the one before it.
let last = "";
const strings = data.strings.map(([kept, rest]) => (last = last.slice(0, kept) + rest));

for (const build of data.binaries) {
  build.graph &&= graphOf(build.graph, strings);
  build.functions = build.functions.map(([name, krate, module, bytes, copies, guessed, weight]) => {
    const [name_, krate_, module_] = [name, krate, module].map((at) => strings[at]);
    const made = { name: name_, krate: krate_, module: module_, bytes, copies, guessed: guessed === 1 };
    if (weight) made.reason = { name: name_, krate: krate_, ...build.graph.weight(weight) };
    return made;
  });
  build.hasNames = build.functions.length > 0;
  const rest = build.text_bytes - sum(build.functions);
  if (rest > 0) {
    const reason = build.graph?.crates.find(({ name }) => name === UNATTRIBUTED);
    if (reason) reason.code = rest;
    build.functions.push({ name: UNATTRIBUTED, krate: UNATTRIBUTED, module: "", bytes: rest, copies: 1, reason });
  }
}

function without(id) {
  byId(id).remove();
  document.querySelector(`nav a[href="#${id}"]`)?.parentElement.remove();
}

// Settings and sizes.

function ladder({ caption, rows }) {
  const largest = Math.max(1, ...rows.map((row) => row.bytes));
  const first = rows[0]?.bytes ?? 0;
  const named = ({ label, profile, bytes }) => {
    const bar = element("span", { class: "bar" });
    bar.style.width = `${(100 * bytes) / largest}%`;
    const text = element("span", {}, label);
    const under = label.includes(profile) ? [] : [" ", element("code", { class: "muted" }, profile)];
    return element("span", { class: "barred" }, text, ...under, element("span", { class: "track" }, bar));
  };
  const change = (row) => {
    if (row === rows[0]) return "";
    const text = changeOf(row.bytes, first);
    const stressed = Math.abs(row.bytes - first) > first / 20;
    return stressed ? element("strong", {}, text) : text;
  };
  // Only where it was asked for, and where the program that compresses was there.
  const download = (title, key) => {
    if (!rows.some((row) => row[key] != null)) return [];
    return [{ title, number: true, cell: (row) => (row[key] == null ? "" : thousands(row[key])) }];
  };
  const columns = [
    { title: "Build", cell: named, kind: "wide" },
    { title: "Bytes", number: true, cell: (row) => thousands(row.bytes) },
    { title: "Change", number: true, cell: change },
    ...download("gzip -9", "gzip_bytes"),
    ...download("zstd -19", "zstd_bytes"),
  ];
  return [element("h3", {}, caption), simpleTable(caption, columns, rows)];
}

if (data.tables.length > 0) byId("ladders").append(...data.tables.flatMap(ladder));
else without("ladder");

// The floor.

function floor(parts) {
  const whole = sum(parts);
  const text = ({ name, bytes }) => `${name} ${bytesOf(bytes)}, ${shareOf(bytes, whole)}`;
  const pieces = parts.map(({ bytes }, at) => {
    const piece = element("span", { class: `piece colour-${at % COLOURS}` }, bytes / whole >= 0.04 ? `${at + 1}` : "");
    piece.style.width = `${(100 * bytes) / whole}%`;
    return piece;
  });
  const bar = element("div", { class: "stack", role: "img", "aria-label": parts.map(text).join("; ") }, ...pieces);
  const key = (part) => {
    const at = parts.indexOf(part);
    return element("span", { class: `key colour-${at % COLOURS}` }, `${at + 1}`);
  };
  const columns = [
    { title: "Part", cell: (part) => element("span", {}, key(part), " ", part.name) },
    { title: "Bytes", number: true, cell: (part) => thousands(part.bytes) },
    { title: "Share", number: true, cell: (part) => shareOf(part.bytes, whole) },
    { title: "Removable", cell: (part) => (part.removable === undefined ? "" : part.removable ? "yes" : "no") },
    { title: "What it is", cell: (part) => part.what, kind: "prose" },
  ];
  return [bar, simpleTable("Parts of the floor", columns, parts, { name: "all parts", bytes: whole, what: "" })];
}

if (data.floor.length > 0) byId("floor-parts").append(...floor(data.floor));
else without("floor");

// One build.

// What the sections of the three kinds of executables are for, as far as most programs have them.
const PURPOSES = {
  ".text": "machine code",
  ".rodata": "constants, such as texts",
  ".data.rel.ro": "constants that hold addresses",
  ".data": "variables with an initial value",
  ".tdata": "thread-local variables with an initial value",
  ".tbss": "thread-local variables that start as zero; takes no room in the file",
  ".got": "addresses of functions and variables, filled in when the program starts",
  ".got.plt": "addresses of functions of other libraries",
  ".plt": "steps between the code and the functions of other libraries",
  ".init": "code to run before main",
  ".fini": "code to run after main",
  ".init_array": "functions to call before main",
  ".fini_array": "functions to call after main",
  ".dynamic": "what the loader needs to know",
  ".interp": "the path of the loader, which starts the program",
  ".gnu.hash": "an index of .dynsym",
  ".gnu.version": "which version of each other library's function is needed",
  ".gnu.version_r": "the names of these versions",
  ".bss": "variables that start as zero; takes memory, but no room in the file",
  ".eh_frame": "how to leave each function when a panic unwinds the stack",
  ".eh_frame_hdr": "an index of .eh_frame",
  ".gcc_except_table": "what to clean up when a panic unwinds the stack",
  ".rela.dyn": "addresses to fill in when the program starts",
  ".rela.plt": "functions of other libraries to find when the program starts",
  ".symtab": "the symbol table: which function is where",
  ".strtab": "the names for the symbol table",
  ".shstrtab": "the names of the sections",
  ".dynsym": "what the program takes from other libraries",
  ".dynstr": "the names for .dynsym",
  ".comment": "the compiler and the linker",
  ".pdata": "how to leave each function when a panic unwinds the stack",
  ".xdata": "details for .pdata",
  ".rdata": "constants, such as texts",
  ".reloc": "addresses to fill in when the program starts",
  __text: "machine code",
  __const: "constants",
  __cstring: "texts that end in a zero",
  __eh_frame: "how to leave each function when a panic unwinds the stack",
  __unwind_info: "how to leave each function when a panic unwinds the stack",
  "[linkedit]": "symbols and addresses for the loader",
  "[headers]": "where the sections are",
  "[padding]": "gaps that put sections at round addresses",
};

function purposeOf(name) {
  return PURPOSES[name] ?? (name.startsWith(".debug_") ? "notes for a debugger" : "");
}

const nameOf = ({ name }) => element("code", {}, path(name));
const crateOf = ({ krate, guessed }) => `${krate}${guessed ? " (guessed)" : ""}`;
const copiesOf = ({ copies }) => (copies > 1 ? ` (${thousands(copies)} copies)` : "");
const titleOf = (row) => element("span", {}, nameOf(row), copiesOf(row));

// A listing shows crate and module beside each function, and is searched by both.
const PLACE = [
  { title: "Crate", value: (row) => row.krate, cell: crateOf },
  { title: "Module", value: (row) => row.module, cell: (row) => path(row.module), kind: "path" },
];
const textOf = ({ name, krate }) => `${name} ${krate}`;
const NAME = { title: "Function", value: (row) => row.name, cell: titleOf, kind: "name" };

// What a row is known to have in the whole file; -1 sorts what is unknown to the end.
const ownOf = ({ reason }) => reason?.own ?? -1;
const retainedOf = ({ reason }) => reason?.retained ?? -1;
const known = (bytes) => (bytes < 0 ? "" : thousands(bytes));
const WEIGHTS = [
  { title: "Own", number: true, value: ownOf, cell: (row) => known(ownOf(row)) },
  { title: "Retained", number: true, value: retainedOf, cell: (row) => known(retainedOf(row)) },
];

// The columns of the functions of a build, and `ask(row, button)` for why one is there.
function functionColumns(build, ask) {
  const { graph, text_bytes: text } = build;
  const name = (row) => {
    if (!row.reason) return titleOf(row);
    return element("span", {}, asking(nameOf(row), (from) => ask(row.reason, from)), copiesOf(row));
  };
  const code = graph ? "Code" : "Bytes";
  return [
    { ...NAME, cell: name },
    { title: code, number: true, first: true, value: (row) => row.bytes, cell: (row) => thousands(row.bytes) },
    { title: "Share", number: true, value: (row) => row.bytes, cell: (row) => shareOf(row.bytes, text) },
    ...(graph ? WEIGHTS : []),
    ...PLACE,
  ];
}

function crateTable({ graph, file_bytes: file }, ask) {
  const columns = [
    { title: "Crate", cell: ({ name, reason }) => asking(name, (from) => ask(reason, from)), kind: "path" },
    { title: "Own", number: true, cell: (row) => signedIfLess(row.own) },
    { title: "Retained", number: true, cell: ({ retained }) => (retained === null ? "" : signedIfLess(retained)) },
    { title: "Share", number: true, cell: (row) => shareOf(Math.max(0, row.own), file) },
    { title: "Code", number: true, cell: (row) => thousands(row.code) },
  ];
  const rows = graph.crates.map((krate) => ({ ...krate, reason: krate }));
  const total = { name: "the file", own: file, retained: null, code: sum(rows, ({ code }) => code) };
  return simpleTable("Crates", columns, rows, total);
}

// Only differences of the twin can be less than nothing.
const signedIfLess = (bytes) => (bytes < 0 ? signed(bytes) : thousands(bytes));

function showBuilds(builds) {
  let build = builds[0];
  const why = new Why(byId("why"));
  const choose = ({ reason }) => {
    if (reason) why.show(reason);
  };
  const options = () => builds.map(({ name }, at) => element("option", { value: at }, name));
  const inText = (bytes) => `${shareOf(bytes, build.text_bytes)} of .text`;
  const inFile = (bytes) => `${shareOf(bytes, build.file_bytes)} of the file`;
  const paint = (node) => colourOf(node.krate);
  const mark = (node) => thousands(node.bytes);
  const help = builds.some(({ graph }) => graph) ? " Tab: to why it's here; Escape: back." : "";
  const map = new Treemap(byId("map"), "Treemap of the functions", {
    say: (node) => `${bytesOf(node.bytes)}, ${inText(node.bytes)}${contents(node)}`,
    mark,
    paint,
    choose,
    help,
  });
  const kept = new Treemap(byId("kept-map"), "Treemap of what keeps what", {
    say: (node) => `${bytesOf(node.bytes)}, ${inFile(node.bytes)}${contents(node)}`,
    mark,
    paint,
    choose,
    help,
    levels: 5,
  });
  const view = () => {
    const isKept = Boolean(build.graph) && byId("view").querySelector(":checked").value === "kept";
    byId("code-view").hidden = isKept;
    byId("kept-view").hidden = !isKept;
  };
  byId("view").addEventListener("change", view);
  const show = (at) => {
    build = builds[at];
    const { graph } = build;
    byId("build-sizes").textContent =
      `The file is ${bytesOf(build.file_bytes)}, ${bytesOf(build.text_bytes)} of them in .text.`;
    byId("build-note").textContent = build.note ?? "";
    byId("build-note").hidden = !build.note;
    byId("build-unexplained").textContent = `Why its parts are here isn't known: ${build.unexplained}.`;
    byId("build-unexplained").hidden = !build.unexplained;
    for (const id of ["view", "why", "crates-part"]) byId(id).hidden = !graph;
    view();
    why.clear(build.file_bytes);
    const reasons = (krate, module) =>
      module === undefined ? graph?.crates.find(({ name }) => name === krate) : graph?.modules.get(`${krate}::${module}`);
    map.show(grow(build.functions, "all of .text", reasons));
    if (graph) {
      kept.show(keptTree(graph, "the whole file", build.file_bytes));
      byId("crates").replaceChildren(crateTable(build, (reason, from) => why.show(reason, from)));
    }
    const columns = functionColumns(build, (reason, from) => why.show(reason, from));
    const listing = new Listing(byId("functions"), "Functions", columns, "functions", textOf);
    listing.show(build.functions, { name: "all of .text", krate: "", module: "", bytes: build.text_bytes });
    const bytes = (section) => thousands(section.bytes);
    const sections = [
      { title: "Section", cell: nameOf },
      { title: "Bytes", number: true, cell: bytes },
      { title: "Share", number: true, cell: (section) => shareOf(section.bytes, build.file_bytes) },
      { title: "What it is", cell: (section) => purposeOf(section.name), kind: "prose" },
    ];
    const rows = [...build.sections].sort((a, b) => b.bytes - a.bytes);
    const total = { name: "the file", bytes: sum(rows) };
    byId("sections").replaceChildren(simpleTable("Sections of the file", sections, rows, total));
  };
  const select = byId("build");
  select.append(...options());
  select.addEventListener("change", () => show(select.selectedIndex));
  // A build without names shows one box: begin with one that has them, if there is one.
  select.selectedIndex = Math.max(0, builds.findIndex(({ hasNames }) => hasNames));
  show(select.selectedIndex);
}

function contents({ children }) {
  return children ? `, ${thousands(children.length)} ${children.length === 1 ? "part" : "parts"} inside` : "";
}

if (data.binaries.length > 0) showBuilds(data.binaries);
else without("code");

// Two builds.

// What is in two lists under one key, but for what did not change; the largest change first.
function compare(before, after, key) {
  const rows = new Map();
  const count = (items, side) => {
    for (const item of items) {
      const row = rows.get(key(item)) ?? { ...item, copies: 1, before: 0, after: 0, own: 0, retained: 0 };
      row[side] += item.bytes;
      const sign = side === "after" ? 1 : -1;
      row.own += sign * (item.reason?.own ?? 0);
      row.retained += sign * (item.reason?.retained ?? 0);
      rows.set(key(item), row);
    }
  };
  count(before, "before");
  count(after, "after");
  const changed = [...rows.values()].filter((row) => row.before !== row.after);
  for (const row of changed) {
    row.change = row.after - row.before;
    row.bytes = Math.abs(row.change);
    // What the treemap wants of each.
    row.more = Math.max(0, row.change);
    row.less = Math.max(0, -row.change);
    row.what = row.before === 0 ? "appeared" : row.after === 0 ? "vanished" : row.change > 0 ? "grew" : "shrank";
  }
  return changed.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

const CHANGE = [
  { title: "Change", number: true, first: true, value: (row) => row.bytes, cell: (row) => signedOrZero(row.change) },
  { title: "What", value: (row) => row.what, cell: (row) => row.what },
  { title: "In A", number: true, value: (row) => row.before, cell: (row) => thousands(row.before) },
  { title: "In B", number: true, value: (row) => row.after, cell: (row) => thousands(row.after) },
];

// Where it is known of both builds.
const WEIGHT_CHANGES = [
  { title: "Own", number: true, value: (row) => row.own, cell: (row) => signedOrZero(row.own) },
  { title: "Retained", number: true, value: (row) => row.retained, cell: (row) => signedOrZero(row.retained) },
];

function signedOrZero(change) {
  if (change === null) return "";
  return change === 0 ? "0" : signed(change);
}

function totalOf(name, before, after) {
  return { name, krate: "", module: "", before, after, change: after - before, own: null, retained: null, what: "" };
}

// What came and what went, for a box of either or of both.
function came({ more, less }, sign) {
  return [...(more > 0 ? [sign(more)] : []), ...(less > 0 ? [sign(-less)] : [])];
}

function showChanges(builds) {
  // In words as well as with a sign: not every screen reader says a sign.
  const words = (change) => `${change > 0 ? "grew" : "shrank"} by ${thousands(Math.abs(change))}`;
  const map = new Treemap(byId("changes-map"), "Treemap of the changes", {
    say: (node) => {
      if (node.bytes === 0) return "nothing changed";
      const what = node.what ?? came(node, words).join(", ");
      return `${came(node, signed).join(" ")} bytes: ${what}${contents(node)}`;
    },
    mark: (node) => came(node, signed).join(" "),
    paint: (node) => (node.more >= node.less ? "came" : "went"),
  });
  const [a, b] = [byId("before"), byId("after")];
  const choose = () => {
    const [before, after] = [builds[a.selectedIndex], builds[b.selectedIndex]];
    const against = (bytes) => {
      const [from, to] = [before, after].map(bytes);
      const difference = to === from ? "no change" : `${signed(to - from)} bytes`;
      const share = to === from ? "" : changeOf(to, from);
      return `${thousands(from)} to ${thousands(to)} bytes (${difference}${share.endsWith("%") ? `, ${share}` : ""})`;
    };
    byId("changes-sizes").textContent =
      `File: ${against((build) => build.file_bytes)}. .text: ${against((build) => build.text_bytes)}.`;
    const nameless = [before, after].filter(({ hasNames }) => !hasNames).map(({ name }) => name);
    byId("changes-note").textContent =
      `The functions can't be compared: there are no function names in ${nameless.join(" and ")}.`;
    byId("changes-note").hidden = nameless.length === 0;
    byId("changes-code").hidden = nameless.length > 0;

    const section = [{ title: "Section", cell: nameOf }, ...CHANGE];
    const sections = compare(before.sections, after.sections, ({ name }) => name);
    const file = totalOf("the file", sum(before.sections), sum(after.sections));
    byId("changes-sections").replaceChildren(simpleTable("Changes of sections", section, sections, file));
    if (nameless.length > 0) return;

    const all = totalOf("all of .text", before.text_bytes, after.text_bytes);
    const areExplained = Boolean(before.graph && after.graph);
    const own = ({ graph }) =>
      graph.crates.map((krate) => ({ name: krate.name, krate: krate.name, bytes: krate.own, reason: krate }));
    const crates = areExplained ? [own(before), own(after)] : [before.functions, after.functions];
    const retained = areExplained ? [WEIGHT_CHANGES[1]] : [];
    const krate = [{ title: "Crate", cell: (row) => row.krate, kind: "path" }, ...CHANGE, ...retained];
    const changed = compare(...crates, (row) => row.krate);
    byId("changes-crates-note").textContent = areExplained
      ? "In bytes of the whole file: a crate's code, its constants, and its entries in the file's tables. Retained bytes are those that wouldn't be there without it."
      : "In bytes of machine code.";
    byId("changes-crates").replaceChildren(simpleTable("Changes of crates", krate, changed, areExplained ? file : all));
    const columns = [NAME, ...CHANGE, ...(areExplained ? WEIGHT_CHANGES : []), ...PLACE];
    const listing = new Listing(byId("changes-functions"), "Changes of functions", columns, "changed functions", textOf);
    const functions = compare(before.functions, after.functions, (row) => `${row.krate} ${row.name}`);
    map.show(grow(functions, "all changes"));
    listing.show(functions, all);
  };
  for (const [select, at] of [
    [a, 0],
    [b, builds.length - 1],
  ]) {
    select.append(...builds.map(({ name }) => element("option", {}, name)));
    select.selectedIndex = at;
    select.addEventListener("change", choose);
  }
  const named = builds.map(({ hasNames }, at) => (hasNames ? at : -1)).filter((at) => at >= 0);
  if (named.length > 1) [a.selectedIndex, b.selectedIndex] = [named[0], named.at(-1)];
  choose();
}

if (data.binaries.length > 1) showChanges(data.binaries);
else without("changes");
