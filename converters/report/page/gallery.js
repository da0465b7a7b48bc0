// Filter, sort, pages and the large view.
const filters = new Map();
const FIRST_FILTERS = ["pose.yaw_deg", "pose.pitch_deg", "pose.roll_deg", "status", "seen.verdict",
  "glasses.id", "headwear.id", "hair.style", "expression.strongest"];
let order = new Uint32Array(0), pageNow = 0, pageSize = 60, ascending = true, open = -1;
const pageCount = () => Math.max(1, Math.ceil(order.length / pageSize));

function passes(tests, i) {
  for (const test of tests) if (!test(i)) return false;
  return true;
}

function activeTests() {
  const tests = [];
  for (const [name, filter] of filters) {
    const values = column(name);
    if (filter.name !== undefined && filter.name !== "") {
      const code = fieldByName.get(name).names.indexOf(filter.name);
      tests.push((i) => values[i] === code);
    }
    if (Number.isFinite(filter.low)) tests.push((i) => values[i] >= filter.low);
    if (Number.isFinite(filter.high)) tests.push((i) => values[i] <= filter.high);
  }
  return tests;
}

function choose() {
  const tests = activeTests(), keep = [];
  for (let i = 0; i < N; i++) if (passes(tests, i)) keep.push(i);
  const name = byId("sort").value, field = fieldByName.get(name), values = column(name);
  const rank = field.kind === "text"
    ? Float64Array.from(field.names.keys(), (k) => 0).map((_, k) => field.names.filter((n) => n < field.names[k]).length)
    : null;
  const key = rank ? (i) => rank[values[i]] : (i) => values[i];
  const sign = ascending ? 1 : -1;
  keep.sort((a, b) => {
    const x = key(a), y = key(b);
    if (Number.isNaN(x) || Number.isNaN(y)) return (Number.isNaN(x) - Number.isNaN(y)) || a - b;
    return sign * (x - y) || a - b;
  });
  order = Uint32Array.from(keep);
  pageNow = 0;
  byId("count").textContent = order.length === N ? `${N.toLocaleString("en")} samples`
    : `${order.length.toLocaleString("en")} of ${N.toLocaleString("en")} samples`;
  drawCards();
  drawCharts();
}

function caption(i) {
  const out = make("figcaption", {}, make("b", {}, `#${valueOf("row", i)}`));
  if (valueOf("status", i) !== "done") return out;
  const sign = (v) => `${v < 0 ? "−" : "+"}${Math.abs(v).toFixed(0)}°`;
  out.append(`  ${["yaw", "pitch", "roll"].map((a) => sign(valueOf(`pose.${a}_deg`, i))).join("  ")}`);
  const sort = byId("sort").value;
  if (sort !== "row") out.append(make("br"), `${label(sort)}: ${shown(sort, i)}`);
  const verdict = valueOf("seen.verdict", i);
  if (verdict !== "fine") out.append(make("br"), make("span", { class: "warn" }, verdict));
  return out;
}

function drawCards() {
  const cards = [];
  const from = pageNow * pageSize;
  for (const i of order.subarray(from, from + pageSize)) {
    const failed = valueOf("status", i) !== "done";
    cards.push(make("figure", { class: failed ? "card failed" : "card", tabindex: "0", "data-row": String(valueOf("row", i)),
      onclick: () => show(i), onkeydown: (e) => e.key === "Enter" && show(i) }, picture(i), caption(i)));
  }
  byId("cards").replaceChildren(...cards);
  byId("nothing").hidden = order.length > 0;
  byId("page").value = pageNow + 1;
  byId("page").max = pageCount();
  byId("pages").textContent = pageCount();
  for (const id of ["first", "previous"]) byId(id).disabled = pageNow === 0;
  for (const id of ["next", "last"]) byId(id).disabled = pageNow >= pageCount() - 1;
  if (open >= 0) show(open);
}

function goTo(page) {
  pageNow = Math.min(pageCount() - 1, Math.max(0, page));
  drawCards();
}

function show(i) {
  open = i;
  byId("detail-title").textContent = `row ${valueOf("row", i)}, index ${valueOf("sample.index", i)}`;
  byId("detail-picture").replaceChildren(picture(i));
  const rows = facts.fields.filter((f) => f.name !== "row").map((f) =>
    make("tr", {}, make("th", {}, label(f.name)), make("td", {}, shown(f.name, i))));
  byId("detail-values").replaceChildren(make("table", {}, ...rows));
  if (!byId("detail").open) byId("detail").showModal();
}

function step(by) {
  const here = order.indexOf(open), next = here + by;
  if (here < 0 || next < 0 || next >= order.length) return;
  const page = Math.floor(next / pageSize);
  open = order[next];
  if (page !== pageNow) goTo(page); else show(open);
}

function addFilter(name) {
  if (filters.has(name)) return;
  const field = fieldByName.get(name), filter = {};
  filters.set(name, filter);
  const box = make("fieldset", { class: "filter", "data-field": name });
  const remove = make("button", { "aria-label": `Remove the filter ${label(name)}`, onclick: () => { filters.delete(name); box.remove(); choose(); } }, "×");
  box.append(make("legend", {}, label(name), remove));
  if (field.kind === "text") {
    const counts = new Map();
    for (const code of column(name)) counts.set(code, (counts.get(code) ?? 0) + 1);
    const options = [...counts].sort((a, b) => b[1] - a[1]).map(([code, count]) =>
      make("option", { value: field.names[code] }, `${field.names[code]} (${count.toLocaleString("en")})`));
    const select = make("select", { "aria-label": label(name), onchange: () => { filter.name = select.value; choose(); } },
      make("option", { value: "" }, "any"), ...options);
    box.append(select);
  } else {
    const input = (end) => {
      const node = make("input", { type: "number", step: "any", "data-end": end, placeholder: end === "low" ? "from" : "to",
        "aria-label": `${label(name)} ${end === "low" ? "from" : "to"}`,
        oninput: () => { filter[end] = node.value === "" ? undefined : Number(node.value); choose(); } });
      return node;
    };
    box.append(make("div", { class: "line" }, input("low"), "to", input("high")));
  }
  byId("filters").append(box);
}

function resetFilters() {
  filters.clear();
  byId("filters").replaceChildren();
  FIRST_FILTERS.filter((name) => fieldByName.has(name)).forEach(addFilter);
}

function buildGallery() {
  const options = () => facts.fields.map((f) => make("option", { value: f.name }, label(f.name)));
  byId("sort").append(...options());
  byId("add-filter").append(make("option", { value: "" }, "add a filter…"), ...options());
  byId("add-filter").onchange = (e) => { if (e.target.value) addFilter(e.target.value); e.target.value = ""; };
  byId("sort").onchange = choose;
  byId("direction").onclick = () => { ascending = !ascending; byId("direction").textContent = ascending ? "↑" : "↓"; choose(); };
  byId("reset").onclick = () => { resetFilters(); choose(); };
  byId("first").onclick = () => goTo(0);
  byId("previous").onclick = () => goTo(pageNow - 1);
  byId("next").onclick = () => goTo(pageNow + 1);
  byId("last").onclick = () => goTo(pageCount() - 1);
  byId("page").onchange = (e) => goTo(Number(e.target.value) - 1);
  byId("page-size").onchange = (e) => { pageSize = Number(e.target.value); goTo(0); };
  const size = byId("card-size");
  size.value = Math.min(240, Math.max(120, facts.picture_px));
  size.oninput = () => document.documentElement.style.setProperty("--card", `${size.value}px`);
  size.oninput();
  byId("detail-close").onclick = () => byId("detail").close();
  byId("detail").onclose = () => { open = -1; };
  byId("detail-previous").onclick = () => step(-1);
  byId("detail-next").onclick = () => step(1);
  byId("detail").onkeydown = (e) => { if (e.key === "ArrowLeft") step(-1); if (e.key === "ArrowRight") step(1); };
  resetFilters();
}
