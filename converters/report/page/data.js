// What the page carries: facts as JSON, columns and marks as base64, pictures in packs of base64
// that are cut only when a picture is shown.
const byId = (id) => document.getElementById(id);
const facts = JSON.parse(byId("facts").textContent);
const N = facts.count;

function bytesOf(id) {
  const text = byId(id).textContent;
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text).buffer;
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out.buffer;
}

const fieldByName = new Map(facts.fields.map((f) => [f.name, f]));
const columns = new Map();
const ARRAYS = { f4: Float32Array, f8: Float64Array, u2: Uint16Array };

/** Typed array of a field: numbers (NaN where absent), or codes into its names. */
function column(name) {
  if (!columns.has(name)) {
    const field = fieldByName.get(name);
    columns.set(name, new ARRAYS[field.stored](bytesOf(field.block)));
  }
  return columns.get(name);
}

function valueOf(name, i) {
  const field = fieldByName.get(name), raw = column(name)[i];
  return field.kind === "text" ? field.names[raw] : raw;
}

function shown(name, i) {
  const value = valueOf(name, i);
  if (typeof value === "string") return value;
  if (Number.isNaN(value)) return "–";
  return Number.isInteger(value) ? String(value) : Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(3);
}

const label = (name) => name.replace(/_/g, " ").replace(/\./g, " · ");

const packs = new Map();
function cut(pack, offset, length) {
  if (!packs.has(pack)) packs.set(pack, byId(`pack-${pack}`).textContent);
  return packs.get(pack).substring(offset, offset + length);
}

let places = null;
const PICTURES = [["image", "image/webp"], ["mask", "image/png"], ["depth", "image/webp"]];

/** Data URL of one picture of a sample, or null where it has none. */
function pictureOf(i, which) {
  places ??= new Int32Array(bytesOf("places"));
  const at = i * 5, pack = places[at];
  let offset = places[at + 1];
  for (let k = 0; k < 3; k++) {
    const length = places[at + 2 + k];
    if (PICTURES[k][0] === which) {
      return pack < 0 || !length ? null : `data:${PICTURES[k][1]};base64,${cut(pack, offset, length)}`;
    }
    offset += length;
  }
  return null;
}

let allMarks = null;
/** Marks of a sample in picture widths: points [x, y], and what hides each landmark. */
function marksOf(i) {
  allMarks ??= new Uint16Array(bytesOf("marks"));
  const words = facts.marks.words, from = i * words, points = [];
  for (let k = 0; k < facts.marks.points; k++) {
    const place = (word) => (word / 65535) * (2 * facts.marks.span + 1) - facts.marks.span;
    points.push([place(allMarks[from + 2 * k]), place(allMarks[from + 2 * k + 1])]);
  }
  const hidden = allMarks.subarray(from + 2 * facts.marks.points, from + words);
  return { points, hidden };
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null));
  return node;
}
