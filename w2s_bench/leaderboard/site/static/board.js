// Tables that sort, filter and turn their pages, with the state of the view in the address. Every text is set as text: nothing
// that stands in a table is read as markup. Without this script the first hundred lines of each table stand there as they are.
"use strict";
const atOnce = 100, few = 12, drawingWidth = 160, drawingHeight = 14;
const svg = "http://www.w3.org/2000/svg";
const words = new Intl.Collator("en", {numeric: true, sensitivity: "base"});
const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

// A cell is [text, number, address, looks, drawing, tie groups], of which the last may be left out; see Cell in table.py.
function readCell(node) {
  const link = node.querySelector("a");
  const drawn = node.querySelector("svg")?.dataset.at;
  const said = node.querySelector(".said") ?? node;
  return [said.textContent, node.dataset.v === undefined ? null : Number(node.dataset.v), link?.getAttribute("href") ?? "",
          node.dataset.looks ?? "", drawn ? drawn.split(" ").map(Number) : null, node.querySelector("i.tie")?.textContent ?? ""];
}

function drawing([low, middle, high], marks) {
  const made = document.createElementNS(svg, "svg");
  for (const [name, value] of Object.entries({class: "interval", width: drawingWidth, height: drawingHeight, "aria-hidden": "true"})) {
    made.setAttribute(name, value);
  }
  made.dataset.at = `${low} ${middle} ${high}`;
  const put = (tag, attributes) => {
    const child = document.createElementNS(svg, tag);
    for (const [name, value] of Object.entries(attributes)) child.setAttribute(name, value);
    made.append(child);
  };
  for (const {at, looks} of marks) put("path", {class: looks, d: `M${at} 0V${drawingHeight}`});
  if (high > low) put("path", {class: "reach", d: `M${low} 7H${high}`});
  put("circle", {cx: middle, cy: 7, r: 3});
  return made;
}

function cellContent([text, , address, , drawn, tie], marks) {
  const named = address ? element("a", {textContent: text}) : document.createTextNode(text);  // DataTables reads a string as markup
  if (address) named.setAttribute("href", address);
  const said = drawn || tie ? element("span", {className: "said"}, named) : named;
  const shown = drawn ? element("span", {className: "drawn"}, drawing(drawn, marks), said) : said;
  if (!tie) return shown;
  const both = document.createDocumentFragment();
  both.append(shown, element("i", {className: "tie", textContent: tie}));
  return both;
}

const isNumber = head => ["number", "interval"].includes(head.dataset.kind);

const state = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

function keep(mark, view) {
  const all = state();
  for (const key of [...all.keys()]) if (key.startsWith(`${mark}.`)) all.delete(key);
  for (const [key, value] of Object.entries(view)) if (value) all.set(`${mark}.${key}`, value);
  const text = all.toString();
  const bare = location.href.split("#")[0];
  if (text || location.hash.includes("=")) history.replaceState(null, "", text ? `#${text}` : bare);
}

function asked(text) {
  const wanted = text.trim().toLowerCase();
  const parts = wanted.split(/\s+/).filter(Boolean);
  return said => parts.every(part => said.includes(part));
}

class BoardTable {
  constructor(table) {
    this.table = table;
    this.mark = table.id;
    this.heads = [...table.tHead.rows[0].cells];
    this.keys = this.heads.map(head => head.dataset.key);
    this.marks = this.heads.map(head => (head.dataset.marks ?? "").split(" ").filter(Boolean).map(each => {
      const [at, looks] = each.split(":");
      return {at, looks};
    }));
    this.lines = [...table.tBodies[0].rows].map(row => ({looks: row.className, cells: [...row.cells].map(readCell)}));
    this.facets = new Map();
    this.columns = this.heads.map((head, at) => ({
      data: (line, type) => {
        const cell = line.cells[at];
        if (type === "display") return cellContent(cell, this.marks[at]);
        return type === "sort" && isNumber(head) ? cell[1] : cell[0];
      },
      type: isNumber(head) ? "board-number" : "board-words", className: head.className,
      cellType: head.dataset.kind === "name" ? "th" : "td", createdCell: (node, _, line) => {
        const [, number, , looks] = line.cells[at];
        if (head.dataset.kind === "name") node.setAttribute("scope", "row");
        if (number !== null && number !== undefined) node.dataset.v = number;
        if (looks) { node.dataset.looks = looks; node.classList.add(...looks.split(" ")); }
      }}));
    this.bar = element("div", {className: "bar"});
    this.search = element("input", {type: "search", ariaLabel: `search ${table.ariaLabel}`, placeholder: "search"});
    table.closest(".wide").before(this.bar);
    this.start();
  }

  start() {
    this.restoring = true;
    this.dt = new DataTable(this.table, {
      data: this.lines, columns: this.columns, pageLength: atOnce, autoWidth: false, order: [], orderMulti: false,
      layout: {topStart: null, topEnd: null, bottomStart: "info", bottomEnd: "paging"},
      language: {info: "_START_ to _END_ of _TOTAL_", infoEmpty: "none", infoFiltered: "(of _MAX_ in all)", zeroRecords: "no line has these",
                 emptyTable: "no lines", thousands: " ",
                 aria: {orderable: "", orderableReverse: "", orderableRemove: "", paginate: {
                   first: "first page", last: "last page", next: "next page", previous: "page before", number: "page "}}},
      createdRow: (row, line) => { if (line.looks) row.className = line.looks; }});
    this.dt.search.fixed("view", (_, line) => this.meets(line));
    this.search.addEventListener("input", () => this.filtered());
    this.bar.append(this.search);
    this.makeFacets();
    this.dt.on("draw", () => this.fold());
    this.dt.on("order page", () => this.remember());
    this.restore();
    this.restoring = false;
  }

  // A table of few lines needs no field and no pages.
  fold() {
    const {pages, recordsDisplay, recordsTotal} = this.dt.page.info();
    this.bar.hidden = recordsTotal <= few;
    const box = this.table.closest(".dt-container");
    for (const part of box.querySelectorAll(".dt-paging")) part.hidden = pages < 2;
    for (const part of box.querySelectorAll(".dt-info")) part.hidden = pages < 2 && recordsDisplay === recordsTotal;
  }

  // More lines than the page holds, from data.js.
  add(lines) {
    const more = lines.map(([looks, cells]) => ({looks, cells: cells.map(cell => typeof cell === "string" ? [cell] : cell)}));
    this.lines.push(...more);
    this.dt.rows.add(more);
    this.makeFacets();
    this.restoring = true;
    if ([...state().keys()].some(key => key.startsWith(`${this.mark}.`))) this.restore();
    else this.dt.draw(false);
    this.restoring = false;
  }

  makeFacets() {
    this.heads.forEach((head, at) => {
      if (!("facet" in head.dataset)) return;
      const known = [...new Set(this.lines.map(line => line.cells[at][0]))].sort(words.compare);
      let field = this.facets.get(at);
      if (!field) {
        field = element("select", {ariaLabel: `only one ${head.dataset.said}`});
        field.addEventListener("change", () => this.filtered());
        this.facets.set(at, field);
        this.bar.append(field);
      }
      const chosen = field.value;
      field.replaceChildren(element("option", {value: "", textContent: `${head.dataset.said}: all`}),
                            ...known.map(value => element("option", {value, textContent: value || "none"})));
      field.value = known.includes(chosen) ? chosen : "";
      field.hidden = known.length < 2;
    });
  }

  meets(line) {
    for (const [at, field] of this.facets) if (field.value && line.cells[at][0] !== field.value) return false;
    if (!this.search.value.trim()) return true;
    line.all ??= line.cells.map(cell => cell[0]).join(" ").toLowerCase();
    return this.wanted(line.all);
  }

  filtered() {
    this.wanted = asked(this.search.value);
    this.dt.draw();
    this.remember();
  }

  remember() {
    if (this.restoring) return;
    const [order] = this.dt.order();
    const view = {sort: order && order[1] ? `${order[1] === "desc" ? "-" : ""}${this.keys[order[0]]}` : "",
                  find: this.search.value.trim(), page: this.dt.page() ? String(this.dt.page() + 1) : ""};
    for (const [at, field] of this.facets) view[`only.${this.keys[at]}`] = field.value;
    keep(this.mark, view);
  }

  restore() {
    const view = state(), of = key => view.get(`${this.mark}.${key}`) ?? "";
    this.search.value = of("find");
    this.wanted = asked(this.search.value);
    for (const [at, field] of this.facets) {
      const value = of(`only.${this.keys[at]}`);
      field.value = [...field.options].some(option => option.value === value) ? value : "";
    }
    const sort = of("sort"), at = this.keys.indexOf(sort.replace(/^-/, ""));
    this.dt.order(at < 0 ? [] : [[at, sort.startsWith("-") ? "desc" : "asc"]]);
    this.dt.draw();
    const page = Math.trunc(Number(of("page"))) - 1;
    if (page > 0 && page < this.dt.page.info().pages) this.dt.page(page).draw("page");
  }
}

const tables = new Map();

// Called by a data file: the lines of a table beyond its first hundred.
function boardLines(mark, lines) {
  tables.get(mark)?.add(lines);
  document.documentElement.dataset.whole = String(Math.round(performance.now()));
}

// Called by the data file of the page of comparisons: entries by key, and pairs of them.
function boardPairs(entries, pairs) {
  const of = id => document.getElementById(id);
  const fields = [of("first"), of("second")];
  const keys = Object.keys(entries);
  if (keys.length < 2) return;
  for (const field of fields) {
    for (const group of new Set(keys.map(key => entries[key].group))) {
      field.append(element("optgroup", {label: group}, ...keys.filter(key => entries[key].group === group).map(
        key => element("option", {value: key, textContent: entries[key].name}))));
    }
  }
  const found = (first, second) => {
    const between = new Map();
    for (const [a, b, task, said, told, over, difference] of pairs) {
      if (a === first && b === second) between.set(task, {said, told, over, difference});
      if (a === second && b === first) between.set(task, {said: reversed(said), told, over, difference: difference === null ? null : -difference});
    }
    return between;
  };
  function draw() {
    const [first, second] = fields.map(field => entries[field.value]);
    const between = found(fields[0].value, fields[1].value);
    of("head-first").textContent = first.name;
    of("head-second").textContent = second.name;
    const all = between.get("");
    const lines = all ? [["all tasks", first.over, second.over, all]] : [];
    for (const task of new Set([...Object.keys(first.tasks), ...Object.keys(second.tasks)])) {
      lines.push([task, first.tasks[task] ?? "–", second.tasks[task] ?? "–", between.get(task)]);
    }
    const cell = (text, looks = "number") => element("td", {textContent: text, className: looks});
    of("side-by-side").tBodies[0].replaceChildren(...lines.map(([task, a, b, both]) => {
      const head = element("th", {textContent: task, scope: "row"});
      return element("tr", {}, head, cell(a), cell(b), cell(both?.said ?? "–"), cell(both?.told ?? "–", ""), cell(both?.over ?? "–", ""));
    }));
    of("verdict").textContent = verdict(first, second, all, between);
  }
  function verdict(first, second, all, between) {
    if (fields[0].value === fields[1].value) return "These are one entry.";
    if (first.group !== second.group) return "These are not compared: they predict other things, or may see other things.";
    if (all?.told === "yes") {
      return all.difference > 0 ? `${first.name} is better over all tasks, by ${all.said} %.`
        : `${second.name} is better over all tasks, by ${reversed(all.said)} %.`;
    }
    if (all?.told === "no") return `Over all tasks these two are not told apart: the difference is ${all.said} %.`;
    const told = [...between.values()].filter(each => each.told === "yes").length;
    return between.size ? `They are told apart on ${told} of ${between.size} tasks; there is no order over tasks.` : "The board shows no comparison of these two.";
  }
  function restore() {
    const view = state();
    const [first, second] = ["first", "second"].map(name => view.get(name));
    fields[0].value = keys.includes(first) ? first : pairs[0]?.[0] ?? keys[0];
    fields[1].value = keys.includes(second) ? second : pairs.find(pair => pair[0] === fields[0].value)?.[1] ?? keys[1];
    draw();
  }
  for (const field of fields) field.addEventListener("change", () => {
    const all = state();
    all.set("first", fields[0].value);
    all.set("second", fields[1].value);
    history.replaceState(null, "", `#${all}`);
    draw();
  });
  window.addEventListener("hashchange", restore);
  of("pair").hidden = false;
  restore();
}

// "0.3 [−1, 2]" as the difference the other way round: "−0.3 [−2, 1]".
function reversed(text) {
  const other = number => /^[0.]+$/.test(number) || number === "–" ? number : number.startsWith("−") ? number.slice(1) : `−${number}`;
  const [, middle, low, high] = text.match(/^(\S+)(?: \[(\S+), (\S+)\])?$/) ?? [];
  return middle === undefined ? text : low === undefined ? other(middle) : `${other(middle)} [${other(high)}, ${other(low)}]`;
}

function begin() {
  const missingLast = sign => (a, b) => {
    const [one, two] = [a, b].map(each => each === null || each === undefined || each === "");
    return one || two ? one - two : sign * (a - b);
  };
  DataTable.type("board-number", {order: {asc: missingLast(1), desc: missingLast(-1)}});
  DataTable.type("board-words", {order: {asc: words.compare, desc: (a, b) => words.compare(b, a)}});
  for (const table of document.querySelectorAll("table.board")) tables.set(table.id, new BoardTable(table));
  window.addEventListener("hashchange", () => {
    for (const table of tables.values()) { table.restoring = true; table.restore(); table.restoring = false; }
  });
  for (const block of document.querySelectorAll("[data-copy]")) {
    const button = element("button", {type: "button", className: "copy", textContent: "copy"});
    button.addEventListener("click", () => {
      const chosen = document.createRange();
      chosen.selectNodeContents(block);
      getSelection().removeAllRanges();
      getSelection().addRange(chosen);
      navigator.clipboard?.writeText(block.textContent.trim()).then(() => { button.textContent = "copied"; }, () => {});
    });
    block.before(button);
  }
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

begin();
