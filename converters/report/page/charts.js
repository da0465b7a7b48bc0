// Planned against rendered: shares, so that a part of a manifest compares with the whole.
const FIRST_CHARTS = ["pose.yaw_deg", "pose.pitch_deg", "pose.roll_deg", "pose.z_m", "camera.focal_length_mm",
  "seen.face_height", "identity.sex", "identity.age_years", "identity.african", "identity.asian", "identity.european",
  "skin.monk_tone", "hair.style", "facial_hair.style", "glasses.id", "headwear.id", "clothing.id",
  "expression.strongest", "environment.hdri", "seen.luminance", "seen.verdict"];
const MOST_BARS = 14;

function node(tag, attributes, text) {
  const out = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) out.setAttribute(key, value);
  if (text !== undefined) out.textContent = text;
  return out;
}

const bar = (x, y, width, height, fill, kind) => node("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), fill, class: kind });

function binned(field, low, high, bins, rows) {
  const counts = new Array(bins).fill(0), values = column(field.name);
  let known = 0;
  for (const i of rows) {
    const v = values[i];
    if (Number.isNaN(v)) continue;
    known++;
    const k = Math.floor(((v - low) / (high - low)) * bins);
    if (k >= 0 && k <= bins) counts[Math.min(k, bins - 1)]++;
  }
  return { shares: counts.map((c) => c / Math.max(1, known)), known };
}

function numberChart(field, rendered, filtered) {
  const plan = field.planned, base = plan ?? field.have;
  const { low, high } = base, bins = base.counts.length;
  const total = base.counts.reduce((a, b) => a + b, 0);
  const planned = plan ? base.counts.map((c) => c / Math.max(1, total)) : null;
  const have = binned(field, low, high, bins, rendered);
  const some = filtered ? binned(field, low, high, bins, filtered) : null;
  const top = Math.max(1e-9, ...have.shares, ...(planned ?? []), ...(some?.shares ?? []));
  const W = 300, H = 92, w = W / bins, y = (s) => H - (s / top) * (H - 6);
  const svg = node("svg", { viewBox: `0 0 ${W} ${H + 14}` });
  have.shares.forEach((s, k) => svg.append(bar(k * w + 0.4, y(s), w - 0.8, H - y(s), "#4b78b8", "rendered")));
  some?.shares.forEach((s, k) => svg.append(bar(k * w + w * 0.25, y(s), w * 0.5, H - y(s), "#5fd0a5", "filtered")));
  if (planned) {
    const d = planned.map((s, k) => `${k ? "L" : "M"}${k * w} ${y(s)}L${(k + 1) * w} ${y(s)}`).join("");
    svg.append(node("path", { d, fill: "none", stroke: "#f2c14e", "stroke-width": 1.4, class: "planned" }));
  }
  const number = (v) => (Math.abs(v) >= 1000 || Number.isInteger(v) ? Math.round(v) : Number(v.toPrecision(3)));
  svg.append(node("text", { x: 0, y: H + 11 }, number(low)), node("text", { x: W, y: H + 11, "text-anchor": "end" }, number(high)));
  const absent = plan && plan.absent ? `${((100 * plan.absent) / (total + plan.absent)).toFixed(1)} % of the planned rows have none` : "";
  return [svg, absent];
}

function nameChart(field, rendered, filtered) {
  const count = (rows) => {
    const out = new Map(), values = column(field.name);
    for (const i of rows) out.set(field.names[values[i]], (out.get(field.names[values[i]]) ?? 0) + 1);
    return out;
  };
  const sum = (m) => [...m.values()].reduce((a, b) => a + b, 0);
  const have = count(rendered), plan = field.planned ? new Map(Object.entries(field.planned.names)) : null;
  const some = filtered ? count(filtered) : null;
  const all = [...new Set([...(plan ?? have).keys(), ...have.keys()])].sort((a, b) => (plan ?? have).get(b) - (plan ?? have).get(a));
  const names = all.slice(0, MOST_BARS), W = 300, step = 15, x0 = 104;
  const share = (m, n) => (m ? (m.get(n) ?? 0) / Math.max(1, sum(m)) : 0);
  const top = Math.max(1e-9, ...names.flatMap((n) => [share(have, n), share(plan, n), share(some, n)]));
  const svg = node("svg", { viewBox: `0 0 ${W} ${names.length * step}` }), reach = (s) => (s / top) * (W - x0 - 42);
  names.forEach((n, k) => {
    const y = k * step;
    svg.append(node("text", { x: x0 - 5, y: y + 10, "text-anchor": "end" }, n.length > 18 ? `${n.slice(0, 17)}…` : n));
    svg.append(bar(x0, y + 2, reach(share(have, n)), 10, "#4b78b8", "rendered"));
    if (some) svg.append(bar(x0, y + 4.5, reach(share(some, n)), 5, "#5fd0a5", "filtered"));
    if (plan) svg.append(node("path", { d: `M${x0 + reach(share(plan, n))} ${y + 1}v12`, stroke: "#f2c14e", "stroke-width": 2, class: "planned" }));
    svg.append(node("text", { x: x0 + reach(Math.max(share(have, n), share(plan, n), share(some, n))) + 5, y: y + 10 }, `${(100 * share(have, n)).toFixed(1)} %`));
  });
  return [svg, all.length > MOST_BARS ? `and ${all.length - MOST_BARS} more` : ""];
}

function drawCharts() {
  if (byId("spread").hidden) return;
  const status = column("status"), done = fieldByName.get("status").names.indexOf("done"), rendered = [];
  for (let i = 0; i < N; i++) if (status[i] === done) rendered.push(i);
  const filtered = order.length < N ? [...order].filter((i) => status[i] === done) : null;
  byId("legend-filtered").hidden = !filtered;
  const all = byId("all-fields").checked;
  const fields = facts.fields.filter((f) => !["row", "status", "sample.index"].includes(f.name) && (all || FIRST_CHARTS.includes(f.name)));
  if (!all) fields.sort((a, b) => FIRST_CHARTS.indexOf(a.name) - FIRST_CHARTS.indexOf(b.name));
  byId("charts").replaceChildren(...fields.map((field) => {
    const [svg, note] = (field.kind === "text" ? nameChart : numberChart)(field, rendered, filtered);
    return make("div", { class: "chart", "data-field": field.name }, make("h3", {}, label(field.name)), svg, note ? make("p", {}, note) : null);
  }));
}
