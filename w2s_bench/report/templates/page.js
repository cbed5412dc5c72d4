// Tables that sort, search and filter. Without this script each table stands there whole.
"use strict";
for (const table of document.querySelectorAll("table.sorted")) {
  const shownAtOnce = 50;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator("en", {numeric: true});
  const lines = [...body.rows].map((row, place) => ({row, place, texts: [...row.cells].map(cell => cell.textContent.toLowerCase())}));
  let order = lines, column = -1, downwards = false, page = 0;

  const element = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const search = element("input", {type: "search", placeholder: "search all columns", ariaLabel: "search all columns"});
  const info = element("span", {className: "info"});
  const bar = element("div", {className: "sorted-bar"});
  bar.append(info, search);
  table.before(bar);
  const before = element("button", {type: "button", textContent: "before"});
  const after = element("button", {type: "button", textContent: "after"});
  const pages = element("p", {className: "pages"});
  pages.append(before, " ", after);
  table.after(pages);
  const filters = heads.map(head => element("input", {type: "search", ariaLabel: `filter ${head.textContent}`}));
  const foot = table.createTFoot().insertRow();
  filters.forEach(filter => foot.insertCell().append(filter));

  function shown() {
    const anywhere = search.value.toLowerCase();
    const each = filters.map(filter => filter.value.toLowerCase());
    return order.filter(({texts}) => (!anywhere || texts.some(text => text.includes(anywhere)))
      && each.every((wanted, at) => !wanted || texts[at].includes(wanted)));
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
    const [x, y] = [a, b].map(line => line.row.cells[column]);
    if (heads[column].classList.contains("wordy")) {
      return (downwards ? -1 : 1) * words.compare(x.textContent, y.textContent) || a.place - b.place;
    }
    const [v, w] = [x, y].map(cell => "v" in cell.dataset ? Number(cell.dataset.v) : NaN);
    if (isNaN(v) || isNaN(w)) return isNaN(v) - isNaN(w) || a.place - b.place;  // a missing number comes last, either way
    return (downwards ? w - v : v - w) || a.place - b.place;
  }

  heads.forEach((head, at) => {
    const button = element("button", {type: "button", textContent: head.textContent});
    head.replaceChildren(button);
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
