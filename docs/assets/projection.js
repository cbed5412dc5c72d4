// The picture of docs/concepts/theorem.md: the weak labels move by a slider, the student is the point of the class that is nearest to them.
// Two test examples, so that a predictor is a point of the plane and its error half its squared distance from the truth.
"use strict";
(() => {
  const SHAPES = {
    "convex": {"says": "a convex class that holds the truth", "truth": [2.6, 2.4],
      "corners": [[1.0, 1.0], [5.0, 0.8], [6.2, 2.6], [4.2, 4.6], [1.4, 3.8]]},
    "outside": {"says": "a convex class that misses the truth", "truth": [7.0, 3.6],
      "corners": [[1.0, 1.0], [5.0, 0.8], [6.2, 2.6], [4.2, 4.6], [1.4, 3.8]]},
    "bent": {"says": "a class that holds the truth and is not convex", "truth": [1.6, 4.1],
      "corners": [[1.0, 1.0], [6.2, 1.0], [6.2, 2.0], [2.2, 2.0], [2.2, 4.6], [1.0, 4.6]]}
  };
  const PATH = {"centre": [3.4, 2.6], "radius": 4.2, "from": -40, "to": 100, "start": 55};

  const less = (a, b) => [a[0] - b[0], a[1] - b[1]];
  const inner = (a, b) => a[0] * b[0] + a[1] * b[1];
  const error = (a, b) => inner(less(a, b), less(a, b)) / 2;

  function weakAt(position) {
    const angle = (PATH.from + (PATH.to - PATH.from) * position / 100) * Math.PI / 180;
    return [PATH.centre[0] + PATH.radius * Math.cos(angle), PATH.centre[1] + PATH.radius * Math.sin(angle)];
  }

  function nearest(point, corners) {  // of a point outside: the nearest one of all edges
    const onEdges = corners.map((corner, at) => {
      const along = less(corners[(at + 1) % corners.length], corner);
      const share = Math.min(1, Math.max(0, inner(less(point, corner), along) / inner(along, along)));
      return [corner[0] + share * along[0], corner[1] + share * along[1]];
    });
    return onEdges.reduce((best, found) => error(found, point) < error(best, point) ? found : best);
  }

  function numbers(name, position) {
    const {truth, corners} = SHAPES[name], weak = weakAt(position), student = nearest(weak, corners);
    const errors = {weak: error(weak, truth), student: error(student, truth), misfit: error(student, weak)};
    return {weak, student, truth, errors, gain: errors.weak - errors.student};
  }

  const SVG = "http://www.w3.org/2000/svg";
  const made = (tag, attributes, text = "", kind = null) => {
    const element = kind === null ? document.createElement(tag) : document.createElementNS(kind, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const drawn = (tag, attributes, text) => made(tag, attributes, text, SVG);
  const SIZE = 60, LEFT = 0.3, TOP = 7.1;
  const placed = point => [(point[0] - LEFT) * SIZE, (TOP - point[1]) * SIZE].map(value => Number(value.toFixed(1)));

  function picture(name, position) {
    const found = numbers(name, position);
    const svg = drawn("svg", {viewBox: "0 0 500 450", role: "img", width: "500", height: "450",
                              style: "max-width:100%;height:auto", "font-family": "sans-serif", "font-size": "15", fill: "currentColor"});
    svg.append(drawn("title", {}, `${SHAPES[name].says}: the student is its nearest point to the weak labels`));
    svg.append(drawn("polygon", {points: SHAPES[name].corners.map(corner => placed(corner).join(",")).join(" "), stroke: "currentColor",
                                 "fill-opacity": "0.09", "stroke-opacity": "0.6"}));
    const line = (a, b, colour, dash) => {
      const [[x1, y1], [x2, y2]] = [placed(a), placed(b)];
      svg.append(drawn("line", {x1, y1, x2, y2, stroke: colour, "stroke-width": "2.5", "stroke-dasharray": dash}));
    };
    line(found.weak, found.truth, "#c2571a", "2 5");
    line(found.student, found.truth, "#2a78d6", "none");
    line(found.student, found.weak, "#8a63c9", "7 4");
    for (const [point, colour, words, down] of [[found.truth, "#2b8a4f", "truth", 23], [found.weak, "#c2571a", "weak labels", -11],
                                                [found.student, "#2a78d6", "student", 23]]) {
      const [cx, cy] = placed(point);
      svg.append(drawn("circle", {cx, cy, r: "7", fill: colour}));
      svg.append(drawn("text", {x: cx > 380 ? cx - 11 : cx + 11, y: cy + down, "text-anchor": cx > 380 ? "end" : "start"}, words));
    }
    svg.append(drawn("text", {x: "44", y: "385", "fill-opacity": "0.75"}, "the student's class"));
    return svg;
  }

  function sentences(name, position) {
    const {errors, gain} = numbers(name, position), shown = value => value.toFixed(2);
    const verdict = gain >= errors.misfit ? "at least" : gain >= 0 ? "less than" : "a loss, and less than";
    return [`error of the weak labels ${shown(errors.weak)} − error of the student ${shown(errors.student)} = gain ${shown(gain)}`,
            `the gain is ${verdict} the misfit, ${shown(errors.misfit)}`];
  }

  function begin() {
    const still = document.querySelector('img[src$="projection.svg"]');  // the page without a script has the picture as it begins
    if (still === null) return;
    const figure = made("figure", {id: "projection", style: "margin:1em 0;text-align:left"});
    still.replaceWith(figure);
    const form = made("form", {}), frame = made("div", {}), said = made("output", {"aria-live": "polite", style: "display:block"});
    for (const [name, shape] of Object.entries(SHAPES)) {
      const label = made("label", {style: "display:block"}), choice = made("input", {type: "radio", name: "class", value: name});
      choice.checked = name === "convex";
      label.append(choice, ` ${shape.says}`);
      form.append(label);
    }
    const slider = made("input", {type: "range", name: "position", min: "0", max: "100", value: PATH.start, style: "width:100%"});
    const moved = made("label", {style: "display:block"}, "move the weak labels");
    moved.append(slider);
    form.append(moved);
    const draw = () => {
      const name = form.elements.class.value, position = Number(slider.value);
      frame.replaceChildren(picture(name, position));
      said.replaceChildren(...sentences(name, position).map(words => made("div", {}, words)));
    };
    form.addEventListener("input", draw);
    form.addEventListener("submit", event => event.preventDefault());
    draw();
    figure.replaceChildren(form, frame, said);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
