// merbench: the only script. Pages are complete without it. It sorts, filters and exports tables, shows comparisons that
// were computed when the site was built, and keeps a theme.
"use strict";

// The theme first, before the page is drawn.
const THEMES = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

function storedTheme() {
  try {
    const theme = localStorage.getItem("merbench-theme");
    return Object.hasOwn(THEMES, theme) ? theme : "auto";
  } catch {
    return "auto"; // a browser may refuse storage
  }
}

function applyTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

applyTheme(storedTheme());

function startTheme() {
  const button = document.getElementById("theme");
  const names = Object.keys(THEMES);
  let theme = storedTheme();
  button.textContent = THEMES[theme];
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = names[(names.indexOf(theme) + 1) % names.length];
    applyTheme(theme);
    button.textContent = THEMES[theme];
    try {
      localStorage.setItem("merbench-theme", theme);
    } catch {
      // the choice then lasts as long as the page
    }
  });
}

// State lives in the address: `#sort=full-uf1&dir=down&badge=reported`, or `#ID` alone for a row.

function readHash() {
  const hash = location.hash.slice(1);
  if (hash.includes("=")) return Object.fromEntries(new URLSearchParams(hash));
  return hash ? { row: safeDecode(hash) } : {};
}

function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function writeHash(state) {
  const kept = Object.entries(state).filter(([, value]) => value);
  const hash = kept.length === 1 && kept[0][0] === "row" ? encodeURIComponent(state.row) : String(new URLSearchParams(kept));
  if (location.hash.slice(1) !== hash) history.replaceState(null, "", `#${hash}`);
}

function inlined(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// What a cell says: first the figure or name, below it paragraphs.

const UNITS = { k: 1e3, M: 1e6, G: 1e9, s: 1, min: 60, h: 3600 };
const NUMBER = /^([+\u2212-]?)(\d*\.?\d+)(?: (k|M|G|s|min|h))?(?: of \d+)?$/;

function numberOf(text) {
  const found = NUMBER.exec(text);
  return found ? (found[1] && found[1] !== "+" ? -1 : 1) * Number(found[2]) * (UNITS[found[3]] ?? 1) : null;
}

function headOf(cell) {
  const first = cell.firstChild;
  return first && first.nodeName !== "P" ? first.textContent.trim().replace(/\s+/g, " ") : "";
}

function belowOf(cell) {
  return Array.from(cell.querySelectorAll(":scope > p"), (one) => one.textContent.trim());
}

function intervalOf(text) {
  const found = /^(\d*\.?\d+)[\u2013-](\d*\.?\d+)$/.exec(text);
  return found ? [Number(found[1]), Number(found[2])] : null;
}

// A table that can be sorted, filtered, narrowed to some columns, and exported.

class View {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.data = inlined("board-data") ?? {};
    this.form = document.querySelector("form.tools");
    this.columns = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells, (head, index) => ({
      head, index, key: head.dataset.key, kind: head.dataset.kind ?? "text",
      name: head.dataset.name ?? head.textContent.trim(), keys: null,
    }));
    this.rows = Array.from(this.body.rows, (element, index) => ({ element, index, text: null, approach: this.data.approaches?.[Number(this.data.approach[index])] ?? "" }));
    this.state = {};
    this.sorted = "";
    this.part = this.table.dataset.part ?? "";
    this.filters = Array.from(document.querySelectorAll("select[data-filter]"));
    this.text = document.getElementById("filter-text");
    this.count = document.getElementById("row-count");
    this.addButtons();
    this.addColumns();
    this.listen();
    this.form.hidden = false;
    for (const same of document.querySelectorAll(".same")) same.hidden = true; // the list of columns does more
    for (const width of ["44rem", "64rem", "86rem"]) matchMedia(`(max-width: ${width})`).addEventListener("change", () => this.apply());
    this.load();
    if (!table.matches(".board")) drawIntervals(this.rows); // a board's row is one line
  }

  addButtons() {
    for (const column of this.columns) {
      const button = make("button", { type: "button", textContent: column.head.textContent.trim() });
      if (column.head.dataset.name) button.setAttribute("aria-label", column.name);
      button.addEventListener("click", () => this.sortBy(column));
      column.head.replaceChildren(button);
    }
  }

  addColumns() {
    const menu = document.getElementById("columns");
    const list = menu.querySelector("fieldset");
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    for (const column of this.columns) {
      const box = make("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => this.set({ hide: this.columns.filter((one) => !one.box.checked).map((one) => one.key).join(",") || "none" }));
      column.box = box;
      list.append(make("label", {}, box, column.name));
    }
    this.sheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
    this.groups = this.table.tHead.rows.length > 1 ? Array.from(this.table.tHead.rows[0].cells, (cell) => ({ cell, span: cell.colSpan })) : [];
  }

  listen() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.text.addEventListener("input", () => this.set({ text: this.text.value.trim() }));
    for (const select of this.filters) select.addEventListener("change", () => this.set({ [select.dataset.filter]: select.value }));
    window.addEventListener("hashchange", () => this.load());
    // A row's own link keeps the order and the filters of the view.
    this.body.addEventListener("click", (event) => {
      const link = event.target.closest("td:first-child a[href^='#']");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.set({ row: link.hash.slice(1) });
    });
    for (const [name, write] of Object.entries(EXPORTS)) {
      const button = document.getElementById(`export-${name}`);
      button?.addEventListener("click", async () => download(write(this, await exportsOfPage(this.table.dataset.exports)), name));
    }
  }

  load() {
    const state = readHash();
    // A link to a note or a heading leaves the view as it is.
    if (Object.keys(state).length === 1 && state.row && !this.find(state.row) && document.getElementById(state.row)) return;
    this.state = state;
    this.text.value = state.text ?? "";
    for (const select of this.filters) {
      select.value = state[select.dataset.filter] ?? "";
      if (select.selectedIndex < 0) select.value = "";
    }
    this.apply();
    const row = this.find(this.state.row);
    row?.element.scrollIntoView({ block: "center", behavior: "instant" });
  }

  set(change) {
    Object.assign(this.state, change);
    writeHash(this.state);
    this.apply();
  }

  apply() {
    this.hide(this.state.hide);
    this.rank();
    this.sort();
    this.filter();
    for (const { element } of this.rows) element.classList.toggle("target", element.id !== "" && element.id === this.state.row);
  }

  find(id) {
    return id ? this.rows.find((row) => row.element.id === id) : undefined;
  }

  // Without a choice, the stylesheet decides which columns are seen: not those that are the same in every row, and few on
  // a narrow screen.
  hide(wanted) {
    this.chosen = Boolean(wanted);
    const hidden = new Set((wanted ?? "").split(","));
    this.table.classList.toggle("chosen", this.chosen);
    const rules = [];
    for (const column of this.columns) {
      column.head.hidden = false;
      column.hidden = this.chosen ? hidden.has(column.key) : getComputedStyle(column.head).display === "none";
      column.box.checked = !column.hidden;
      if (!this.chosen) continue;
      column.head.hidden = column.hidden;
      if (column.hidden) rules.push(`#table > tbody > tr > :nth-child(${column.index + 1}) { display: none; }`);
    }
    this.sheet.replaceSync(rules.join("\n"));
    let start = 0;
    for (const { cell, span } of this.groups) {
      const visible = this.chosen ? this.columns.slice(start, start + span).filter((column) => !column.hidden).length : span;
      cell.hidden = visible === 0;
      if (visible) cell.colSpan = visible;
      start += span;
    }
    const region = this.table.parentElement;
    region.classList.toggle("scrolls", this.table.offsetWidth > region.clientWidth);
  }

  // A column of a part orders the rows by the part, so their ranks are those of the part.
  rank() {
    const { ranks } = this.data;
    if (!ranks) return;
    const column = this.columns.find((one) => one.key === this.state.sort);
    const part = Object.hasOwn(ranks, column?.head.dataset.part ?? "") ? column.head.dataset.part : this.table.dataset.part;
    if (part === this.part) return;
    this.part = part;
    const [head] = this.columns;
    head.keys = null;
    head.head.querySelector("button").textContent = part === this.table.dataset.part ? "Rank" : `Rank, ${this.data.names[part]}`;
    for (const { element, index } of this.rows) {
      const [rank, low, high, leads] = ranks[part][index] ?? ["\u2013"];
      const [cell] = element.cells;
      cell.firstChild.textContent = `${rank} `;
      for (const text of cell.querySelectorAll("p")) text.remove();
      if (low) cell.append(make("p", { textContent: `${low}\u2013${high}` }));
      if (leads) cell.append(make("p", { textContent: "leading" }));
    }
  }

  sortBy(column) {
    const first = column.kind === "score" ? "down" : "up";
    const again = this.state.sort === column.key;
    const way = again ? (this.state.dir === "down" ? "up" : "down") : first;
    this.set({ sort: column.key, dir: way });
  }

  sort() {
    const column = this.columns.find((one) => one.key === this.state.sort);
    const down = this.state.dir === "down";
    const wanted = column ? `${column.key} ${down}` : "";
    if (wanted === this.sorted) return false;
    this.sorted = wanted;
    for (const one of this.columns) {
      if (one === column) one.head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else one.head.removeAttribute("aria-sort");
    }
    const order = column ? ordered(this.rows, this.keysOf(column), down) : this.rows;
    this.body.remove(); // as a whole, which is quicker than row by row
    this.body.replaceChildren(...order.map((row) => row.element));
    this.table.append(this.body);
    this.order = order;
    return true;
  }

  keysOf(column) {
    column.keys ??= this.rows.map(({ element }) => {
      const text = headOf(element.cells[column.index]);
      if (column.kind === "text") return text.toLocaleLowerCase("en") || null;
      return numberOf(text);
    });
    return column.keys;
  }

  filter() {
    const words = (this.state.text ?? "").toLocaleLowerCase("en").split(/\s+/).filter(Boolean);
    const tests = this.filters.filter((select) => select.value).map((select) => {
      const name = select.dataset.filter;
      if (name === "approach") return (row) => row.approach === select.value;
      const column = this.columns.find((one) => one.key === name);
      return (row) => headOf(row.element.cells[column.index]) === select.value;
    });
    let count = 0;
    for (const row of this.rows) {
      if (words.length) row.text ??= `${row.element.textContent} ${row.element.dataset.model ?? ""}`.toLocaleLowerCase("en");
      row.kept = words.every((word) => row.text.includes(word)) && tests.every((test) => test(row));
      row.element.hidden = !row.kept;
      count += row.kept;
    }
    const all = this.rows.length;
    const said = count === all ? `${all} ${all === 1 ? "row" : "rows"}` : `${count} of ${all} rows`;
    if (this.count.textContent !== said) this.count.textContent = said;
  }

  visible() {
    return (this.order ?? this.rows).filter((row) => row.kept);
  }
}

function ordered(rows, keys, down) {
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return rows.slice().sort((one, other) => {
    const a = keys[one.index];
    const b = keys[other.index];
    if (a === null || b === null) return (a === null) - (b === null) || one.index - other.index;
    return (down ? compare(b, a) : compare(a, b)) || one.index - other.index;
  });
}

// Bars of intervals, drawn for a row when it first comes into sight.

// Every bar has the same scale, from 0 to 1.
function drawIntervals(rows) {
  const draw = (row) => {
    for (const text of row.querySelectorAll("td > p")) {
      const ends = intervalOf(text.textContent.trim());
      const score = numberOf(headOf(text.parentElement));
      if (!ends || ends[1] > 1 || text.parentElement.cellIndex === 0) continue;
      text.className = "drawn";
      text.style.cssText = `--a:${ends[0]};--b:${ends[1]};--v:${score}`;
    }
  };
  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      draw(target);
      watcher.unobserve(target);
    }
  }, { rootMargin: "200px" });
  for (const { element } of rows) watcher.observe(element);
  window.addEventListener("beforeprint", () => rows.forEach(({ element }) => draw(element)), { once: true });
}

// The visible rows as a file. What a file says was written when the site was built; the script that holds it is read when
// a button asks for it first.

let exported = null;

function exportsOf(data) { // the script of exports calls this
  exported = data;
}

function exportsOfPage(path) {
  return new Promise((done, failed) => {
    if (exported) done(exported);
    else document.head.append(make("script", { src: path, onload: () => done(exported), onerror: failed }));
  });
}

// Every column but those that a reader has hidden, numbers in full.
function grid(view, { figures }) {
  const rows = view.visible();
  const columns = view.columns.filter((column) => !view.chosen || !column.hidden);
  const names = ["id", "Approach"];
  const lines = rows.map((row) => [row.element.id, row.approach]);
  for (const column of columns) {
    const cells = rows.map((row) => row.element.cells[column.index]);
    const below = cells.map(belowOf);
    const add = (name, values) => {
      if (!values.some((value) => value !== "")) return;
      names.push(name);
      values.forEach((value, index) => lines[index].push(value));
    };
    if (column.kind === "text") {
      names.push(column.name);
      cells.map(headOf).forEach((head, index) => lines[index].push(head));
      add(`${column.name}, detail`, below.map((texts) => texts.join("; ")));
      continue;
    }
    const numbers = rows.map((row, index) => numbersOf(view, column, row, figures) ?? [numberOf(headOf(cells[index]))]);
    const pick = (place) => numbers.map((found) => found[place] ?? "");
    names.push(column.key === "time" ? `${column.name}, seconds` : column.name);
    pick(0).forEach((value, index) => lines[index].push(value));
    add(`${column.name}, lower`, pick(1));
    add(`${column.name}, upper`, pick(2));
    add(`${column.name}, spread`, pick(3));
    add(`${column.name}, note`, below.map((texts) => texts.filter((text) => !intervalOf(text) && !text.startsWith("\u00b1")).join("; ")));
  }
  return { names, lines };
}

// Value, lower and upper end of its interval, spread over the seeds.
function numbersOf(view, column, row, figures) {
  if (column.key === "rank") return view.data.ranks?.[view.part][row.index]?.slice(0, 3);
  return figures[row.index][column.key];
}

// As the table shows it: one text for each cell, the interval in brackets.
function shownGrid(view) {
  const columns = view.columns.filter((column) => !column.hidden);
  const lines = view.visible().map((row) => columns.map((column) => {
    const cell = row.element.cells[column.index];
    return { head: headOf(cell), below: belowOf(cell), kind: column.kind };
  }));
  return { columns, lines };
}

function csv(view, exports) {
  const { names, lines } = grid(view, exports);
  return [names, ...lines].map((line) => line.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

// A text that a spreadsheet would take for a formula gets an apostrophe; a number is a number, whatever its sign.
function csvCell(value) {
  if (typeof value === "number") return String(value);
  const text = /^[\s]*[=+\-@\t\r\u2212\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function json(view, exports) {
  const { names, lines } = grid(view, exports);
  const rows = lines.map((line) => Object.fromEntries(names.map((name, index) => [name, line[index] === "" ? null : line[index]])));
  return `${JSON.stringify(rows, null, 1)}\n`;
}

function markdown(view) {
  const { columns, lines } = shownGrid(view);
  const escape = (text) => text.replace(/[\\`*_[\]<>|~#&]/g, "\\$&").replace(/\s+/g, " ");
  const cell = ({ head, below }) => escape([head, below.length ? `(${below.join("; ")})` : ""].filter(Boolean).join(" "));
  const ruler = columns.map((column) => (column.kind === "text" ? "---" : "---:"));
  const all = [columns.map((column) => escape(column.name)), ruler, ...lines.map((line) => line.map(cell))];
  return all.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

function latex(view, { latex: [before, after], lines }) {
  return before + view.visible().map((row) => lines[row.index]).join("") + after;
}

function bibtex(view, { cited, citations }) {
  const wanted = new Set(view.visible().flatMap((row) => cited[row.index])); // a paper is cited once, however many rows
  return Array.from(wanted, (number) => `${citations[number]}\n`).join("\n");
}

const EXPORTS = { csv, json, markdown, latex, bibtex };
const FILES = {
  csv: ["csv", "text/csv"], json: ["json", "application/json"], markdown: ["md", "text/markdown"],
  latex: ["tex", "application/x-tex"], bibtex: ["bib", "application/x-bibtex"],
};

function download(text, format) {
  const [ending, type] = FILES[format];
  const page = location.pathname.split("/").pop().replace(/\.html$/, "") || "merbench";
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = make("a", { href: url, download: `${page}.${ending}` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// Two rows side by side. Every number was computed when the site was built.

class Comparison {
  constructor(data) {
    this.data = data;
    this.ids = data.rows.map(([id]) => id);
    this.names = data.rows.map(([, name]) => name);
    this.selects = ["a", "b"].map((name) => document.getElementById(`compare-${name}`));
    for (const select of this.selects) {
      select.append(...data.rows.map(([id, name]) => make("option", { value: id, textContent: name })));
      select.addEventListener("change", () => {
        writeHash({ a: this.selects[0].value, b: this.selects[1].value });
        this.show();
      });
    }
    window.addEventListener("hashchange", () => this.load());
    document.querySelector("form.pair").hidden = false;
    this.load();
  }

  load() {
    const state = readHash();
    const a = this.ids.includes(state.a) ? state.a : this.ids[0];
    const b = this.ids.includes(state.b) ? state.b : this.ids.find((id) => id !== a);
    [this.selects[0].value, this.selects[1].value] = [a, b];
    this.show();
  }

  // The p-value, and [difference, lower, upper] of each column. Pairs are stored once, the better row first.
  pair(a, b) {
    const { columns, pairs } = this.data;
    if (a === b) return [1, columns.map(() => [0, 0, 0])];
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const [p, differences] = pairs[low * this.ids.length - (low * (low + 1)) / 2 + high - low - 1];
    return [p, a < b ? differences : differences.map(([value, lower, upper]) => [-value, -upper, -lower])];
  }

  show() {
    const [a, b] = this.selects.map((select) => this.ids.indexOf(select.value));
    const [p, differences] = this.pair(a, b);
    const { columns, parts, scores } = this.data;
    const rows = columns.map(([part, metric], place) => {
      const [value, lower, upper] = differences[place];
      const tested = part === "full" && metric === "UF1";
      const test = tested ? (p < 0.001 ? "below .001" : decimals(p)) : "";
      const words = !tested ? "" : p >= 0.05 ? "not separable" : value > 0 ? "the first is higher" : "the second is higher";
      return [parts[part], metric, decimals(scores[a][place]), decimals(scores[b][place]), signed(value), `${signed(lower)} to ${signed(upper)}`, test, words];
    });
    const heads = ["Part", "Score", this.names[a], this.names[b], "Difference", "95\u00a0% interval", "p", "In words"];
    const caption = `First minus second: ${this.names[a]} and ${this.names[b]}`;
    document.getElementById("compare-result").replaceChildren(tableOf(caption, heads, rows, new Set([2, 3, 4, 5, 6])));
    if (this.data.clips) this.showClips(a, b);
  }

  showClips(a, b) {
    const { clips, classes, truth, answers } = this.data;
    const rows = [];
    clips.forEach((clip, place) => {
      const [first, second] = [answers[a][place], answers[b][place]];
      if (first === second) return;
      const right = first === truth[place] ? "the first" : second === truth[place] ? "the second" : "neither";
      rows.push([clip, classes[truth[place]], classes[first], classes[second], right]);
    });
    const heading = make("h2", { textContent: "Where they disagree" });
    const table = tableOf(`${rows.length} of ${clips.length} clips`, ["Clip", "Truth", this.names[a], this.names[b], "Right"], rows, new Set());
    document.getElementById("compare-clips").replaceChildren(heading, table);
  }
}

function decimals(value) {
  return value.toFixed(3).replace(/^0\./, ".");
}

function signed(value) {
  const text = decimals(Math.abs(value));
  return `${value < 0 && text !== ".000" ? "\u2212" : "+"}${text}`;
}

function tableOf(caption, heads, rows, numeric) {
  const cell = (tag, text, index) => make(tag, { className: numeric.has(index) ? "num" : "" }, make("bdi", { textContent: text }));
  const head = make("tr", {}, ...heads.map((text, index) => Object.assign(cell("th", text, index), { scope: "col" })));
  const lines = rows.map((line) => make("tr", {}, ...line.map((text, index) => (
    index ? cell("td", text, index) : Object.assign(cell("th", text, index), { scope: "row" })))));
  const table = make("table", { className: "list" }, make("caption", { textContent: caption }), make("thead", {}, head), make("tbody", {}, ...lines));
  const region = make("div", { className: "region table", tabIndex: 0 }, table);
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", `${caption}, scrollable`);
  return region;
}

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  const table = document.getElementById("table");
  if (table && document.querySelector("form.tools")) new View(table);
  const data = inlined("compare-data");
  if (data) new Comparison(data);
});
