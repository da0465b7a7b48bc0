// What is laid over a picture. Points come from the labels, so they are sharp at any size.
const SVG = "http://www.w3.org/2000/svg";
const OVERLAYS = ["mask", "landmarks", "axes", "gaze", "boxes", ...(facts.depth ? ["depth"] : [])];
const overlaysOn = new Set();
const rgb = (c) => `rgb(${c.join(",")})`;

function stroke(svg, d, colour, width, extra = {}) {
  for (const [paint, w, opacity] of [["#000", width + 2, 0.6], [colour, width, 1]]) {
    const path = document.createElementNS(SVG, "path");
    const all = { d, fill: "none", stroke: paint, "stroke-width": w, "stroke-opacity": opacity,
      "stroke-linecap": "round", "stroke-linejoin": "round", "vector-effect": "non-scaling-stroke", ...extra };
    for (const [key, value] of Object.entries(all)) path.setAttribute(key, value);
    svg.append(path);
  }
}

const at = ([x, y]) => `${(100 * x).toFixed(2)} ${(100 * y).toFixed(2)}`;
const run = (points, closed) => `M${points.map(at).join("L")}${closed ? "Z" : ""}`;

const DRAW = {
  landmarks(svg, { points, hidden }) {
    for (const c of facts.style.contours) {
      if (c.points.length > 1) stroke(svg, run(c.points.map((k) => points[k]), c.closed), rgb(c.colour), 0.8, { class: "contour" });
    }
    facts.style.visibility.forEach((colour, kind) => {
      const dots = [];
      hidden.forEach((h, k) => h === kind && dots.push(points[k].map((v) => Math.min(0.99, Math.max(0.01, v)))));
      if (dots.length) stroke(svg, dots.map((p) => `M${at(p)}h0.01`).join(""), rgb(colour), 3, { class: `landmarks kind-${kind}` });
    });
  },
  axes(svg, { points }) {
    [2, 1, 0].forEach((k) => stroke(svg, run([points[70], points[71 + k]]), rgb(facts.style.axes[k]), 2.4, { class: "axis" }));
  },
  gaze(svg, { points }) {
    [74, 76].forEach((k) => stroke(svg, run([points[k], points[k + 1]]), rgb(facts.style.gaze), 1.8, { class: "gaze" }));
  },
  boxes(svg, { points }) {
    [[78, facts.style.boxes.face], [80, facts.style.boxes.head]].forEach(([k, colour]) => {
      const [[x0, y0], [x1, y1]] = [points[k], points[k + 1]];
      stroke(svg, run([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], true), rgb(colour), 1.2, { class: "box" });
    });
  },
};

/** The picture of a sample with the overlays that are switched on. */
function picture(i) {
  const holder = make("div", { class: "picture" });
  const source = pictureOf(i, "image");
  if (valueOf("status", i) !== "done") {
    const failure = facts.failures.find((f) => f.row === valueOf("row", i));
    holder.append(`${failure?.kind ?? "failed"} ${failure?.phase ?? ""}`, make("br"), (failure?.message ?? "").slice(0, 160));
    return holder;
  }
  if (source) holder.append(make("img", { src: source, alt: `row ${valueOf("row", i)}`, class: "image", decoding: "async" }));
  for (const which of ["depth", "mask"]) {
    const over = overlaysOn.has(which) ? pictureOf(i, which) : null;
    if (over) holder.append(make("img", { src: over, alt: "", class: which, decoding: "async" }));
  }
  const drawn = OVERLAYS.filter((name) => DRAW[name] && overlaysOn.has(name));
  if (drawn.length) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 100 100");
    const marks = marksOf(i);
    drawn.forEach((name) => DRAW[name](svg, marks));
    holder.append(svg);
  }
  return holder;
}

function buildOverlays() {
  // One set of switches beside the gallery, one in the large view; they move together.
  for (const holder of document.querySelectorAll(".overlays")) {
    for (const name of OVERLAYS) {
      const box = make("input", { type: "checkbox", "data-overlay": name, onchange: () => {
        if (box.checked) overlaysOn.add(name); else overlaysOn.delete(name);
        for (const twin of document.querySelectorAll(`[data-overlay="${name}"]`)) twin.checked = box.checked;
        drawCards();
      } });
      holder.append(make("label", {}, box, ` ${name}`));
    }
  }
}
