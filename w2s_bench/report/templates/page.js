// Tables that sort and filter. Without this script each table stands there whole.
"use strict";
for (const table of document.querySelectorAll("table.sorted")) {
  const shownAtOnce = 50;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator("en", {numeric: true});
  const textOf = cell => (cell.firstChild?.textContent ?? "").trim().replace(/\s+/g, " ").toLowerCase();
  const numberOf = cell => "v" in cell.dataset ? Number(cell.dataset.v) : NaN;
  const lines = [...body.rows].map((row, place) => ({
    row, place, texts: [...row.cells].map(textOf), numbers: [...row.cells].map(numberOf), all: row.textContent.toLowerCase()}));
  let order = lines, column = -1, downwards = false, page = 0;

  const element = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const search = element("input", {type: "search", placeholder: "search all columns", ariaLabel: "search all columns"});
  const info = element("span", {className: "info", ariaLive: "polite"});
  const hint = element("span", {textContent: "a field above a column takes words, =words, >0 or <0.5"});
  const bar = element("div", {className: "bar"});
  bar.append(info, hint, search);
  table.parentElement.before(bar);
  const before = element("button", {type: "button", textContent: "before"});
  const after = element("button", {type: "button", textContent: "after"});
  const pages = element("p", {className: "pages"});
  pages.append(before, " ", after);
  table.parentElement.after(pages);
  const filters = heads.map(head => element("input", {type: "search", ariaLabel: `filter ${head.firstChild.textContent}`}));

  // What a field asks for: a number beside >, <, >= or <=, the whole words after =, else a part of the words.
  function asked(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return null;
    const [, sign, beside] = wanted.match(/^([<>]=?)\s*(\S+)$/) ?? [];
    const limit = Number((beside ?? "").replace("−", "-"));
    if (sign && !isNaN(limit)) {
      const meets = {">": v => v > limit, ">=": v => v >= limit, "<": v => v < limit, "<=": v => v <= limit}[sign];
      return (words, number) => !isNaN(number) && meets(number);
    }
    if (wanted.startsWith("=")) {
      const whole = wanted.slice(1).trim();
      return (words, number) => words === whole || (whole !== "" && number === Number(whole));
    }
    return words => words.includes(wanted);
  }

  function shown() {
    const anywhere = search.value.trim().toLowerCase();
    const each = filters.map(filter => asked(filter.value));
    return order.filter(({texts, numbers, all}) => (!anywhere || all.includes(anywhere))
      && each.every((meets, at) => !meets || meets(texts[at], numbers[at])));
  }

  function draw() {
    const found = shown();
    page = Math.max(0, Math.min(page, Math.ceil(found.length / shownAtOnce) - 1));
    const first = page * shownAtOnce, some = found.slice(first, first + shownAtOnce);
    body.replaceChildren(...some.map(line => line.row));
    const of = found.length < lines.length ? `${found.length} found of ${lines.length}` : `${lines.length}`;
    info.textContent = some.length ? `${first + 1} to ${first + some.length} of ${of}` : `none of ${lines.length}`;
    before.disabled = page === 0;
    after.disabled = first + shownAtOnce >= found.length;
    pages.hidden = found.length <= shownAtOnce;
  }

  function compared(a, b) {
    if (column === 0 || heads[column].classList.contains("wordy")) {
      return (downwards ? -1 : 1) * words.compare(a.texts[column], b.texts[column]) || a.place - b.place;
    }
    const [v, w] = [a.numbers[column], b.numbers[column]];
    if (isNaN(v) || isNaN(w)) return isNaN(v) - isNaN(w) || a.place - b.place;  // a missing number comes last, either way
    return (downwards ? w - v : v - w) || a.place - b.place;
  }

  heads.forEach((head, at) => {
    const button = element("button", {type: "button", textContent: head.firstChild.textContent});
    head.firstChild.replaceWith(button);
    head.append(filters[at]);
    button.addEventListener("click", () => {
      downwards = column === at && !downwards;
      column = at;
      order = [...lines].sort(compared);
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", downwards ? "descending" : "ascending");
      page = 0;
      draw();
    });
  });
  for (const input of [search, ...filters]) input.addEventListener("input", () => { page = 0; draw(); });
  before.addEventListener("click", () => { page -= 1; draw(); });
  after.addEventListener("click", () => { page += 1; draw(); });
  draw();
}
