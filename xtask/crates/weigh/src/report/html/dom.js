// What every part of the page needs: elements, numbers, colours.

// Text is always put in as text: names come from symbol tables, which may hold anything.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (![undefined, null, false].includes(value)) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// A path, which a narrow column may break after each `::`.
function path(text) {
  const parts = text.split(/(?<=::)/);
  return element("span", {}, ...parts.flatMap((part, at) => (at === 0 ? [part] : [element("wbr"), part])));
}

const byId = (id) => document.getElementById(id);

const MINUS = "\u2212";

// Always English, whatever the browser's language: so is the rest of the page.
const thousands = (number) => number.toLocaleString("en");

const signed = (number) => (number < 0 ? MINUS : "+") + thousands(Math.abs(number));

const bytesOf = (number) => `${thousands(number)} ${number === 1 ? "byte" : "bytes"}`;

// As the runner says it in a terminal: a change that would be 0.0 percent is told in bytes.
function changeOf(bytes, reference) {
  if (bytes === reference) return "same";
  const tenths = reference === 0 ? 0 : Math.round((1000 * Math.abs(bytes - reference)) / reference);
  if (tenths === 0) return `${signed(bytes - reference)} B`;
  return `${bytes < reference ? MINUS : "+"}${thousands(Math.floor(tenths / 10))}.${tenths % 10} %`;
}

function shareOf(bytes, whole) {
  if (bytes === 0 || whole === 0) return "0 %";
  const percent = (100 * bytes) / whole;
  return percent < 0.05 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
}

const sum = (items, bytes = (item) => item.bytes) => items.reduce((total, item) => total + bytes(item), 0);

// The colour of a crate depends on nothing but its name, so that it is the same in every build and on every page.
const COLOURS = 12;
// The hash is FNV-1a, but it starts where the crates that most programs hold get colours of their own.
const SEED = 3390;

function colourOf(krate) {
  let hash = SEED;
  for (const character of krate) hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  hash ^= hash >>> 15;
  return `colour-${(hash >>> 0) % COLOURS}`;
}
