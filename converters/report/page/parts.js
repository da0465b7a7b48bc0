// Failures, throughput, licences, and what begins it all.
function table(heads, rows, numbers = []) {
  const cell = (tag, value, k) => make(tag, { class: numbers.includes(k) ? "number" : null }, value instanceof Node ? value : String(value ?? ""));
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((h, k) => cell("th", h, k)))),
    make("tbody", {}, ...rows.map((r) => make("tr", {}, ...r.map((v, k) => cell("td", v, k))))));
}

function buildFailures() {
  const part = byId("failures"), list = facts.failures;
  byId("failure-count").textContent = list.length ? list.length : "";
  const words = Object.entries(facts.status).map(([k, v]) => `${v.toLocaleString("en")} ${k}`).join(", ");
  part.append(make("p", {}, facts.runs_note || `Rows of the manifest: ${words}.`));
  if (!list.length) { part.append(make("p", {}, "No failures.")); return; }
  const kinds = new Map();
  list.forEach((f) => { const k = `${f.kind} in ${f.phase || "?"}`; kinds.set(k, (kinds.get(k) ?? 0) + 1); });
  part.append(make("h2", {}, "By kind"), table(["Kind", "Rows"], [...kinds], [1]), make("h2", {}, "Each"),
    table(["Row", "Kind", "Phase", "Attempts", "Message"], list.map((f) => [f.row, f.kind, f.phase, f.attempts, f.message]), [0, 3]));
}

function buildSpeed() {
  const t = facts.throughput, part = byId("speed");
  if (!t.samples) { part.append(make("p", {}, facts.runs_note || "The journal tells no seconds.")); return; }
  const [low, middle, high, most] = t.quantiles_s, s = (v) => `${v.toFixed(v < 10 ? 2 : 1)} s`;
  part.append(table(["", ""], [
    ["samples with known seconds", t.samples.toLocaleString("en")], ["mean of a sample, wall", s(t.mean_s)],
    ["5 %, median, 95 %, most", [low, middle, high, most].map(s).join(", ")],
    ["samples an hour of one worker", t.samples_an_hour.toFixed(0)], ["worker-hours of all", t.total_h.toFixed(2)],
    ["most memory of a worker", t.most_mb ? `${t.most_mb.toFixed(0)} MB` : "–"]]));
  const sum = Object.values(t.wall_s).reduce((a, b) => a + b, 0);
  if (sum) {
    part.append(make("h2", {}, "Where the time goes"), table(["Phase", "Wall, s a sample", "CPU, s a sample", "Share of wall", ""],
      Object.entries(t.wall_s).sort((a, b) => b[1] - a[1]).map(([p, w]) => [p, (w / t.samples).toFixed(3), ((t.cpu_s[p] ?? 0) / t.samples).toFixed(3),
        `${((100 * w) / sum).toFixed(1)} %`, make("span", { class: "share", style: `width:${(240 * w) / sum}px` })]), [1, 2, 3]));
  }
}

function buildLicences() {
  const part = byId("licences"), l = facts.licences;
  const duties = l.duties.map((d) => make("p", {}, `${d.of}: ${d.licence}. `, make("b", {}, d.attribution || "Name the author as the licence asks.")));
  part.append(make("div", { class: "duty" }, make("h2", {}, "What must go with the dataset"),
    ...(duties.length ? duties : [make("p", {}, "Nothing: every pack and asset in it is free of conditions (CC0 or as free). Naming them is kind all the same.")])));
  part.append(make("h2", {}, "Asset packs"), table(["Pack", "Licence", "Attribution", "Taken from it"], l.packs.map((p) => [p.pack, p.licence, p.attribution, p.takes])));
  if (l.assets.length) part.append(make("h2", {}, "Assets with a licence of their own"),
    table(["Asset", "Licence", "Attribution", "Samples"], l.assets.map((a) => [a.asset, a.licence, a.attribution, a.uses]), [3]));
  if (l.unknown.length) part.append(make("p", { class: "warn" }, `Not in the catalogue of the release that made this page, so their licences are unknown: ${l.unknown.join(", ")}`));
  part.append(make("h2", {}, "Different assets used, by kind"), table(["Kind", "Ids"], Object.entries(l.uses), [1]));
}

function buildTabs() {
  const tabs = [...document.querySelectorAll("nav [data-tab]")];
  for (const tab of tabs) tab.onclick = () => {
    for (const other of tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      byId(other.dataset.tab).hidden = other !== tab;
    }
    drawCharts();
  };
}

document.title = facts.title;
byId("title").textContent = facts.title;
byId("about").textContent = facts.about;
byId("spread-note").textContent = facts.plan_note;
byId("all-fields").onchange = drawCharts;
buildTabs();
buildOverlays();
buildGallery();
buildFailures();
buildSpeed();
buildLicences();
choose();
document.documentElement.dataset.ready = "yes";
