// Search, filter, sort and page the findings. Everything of the data becomes text or an attribute, never markup.
(() => {
  "use strict";
  const PAGE = 50;
  const COLUMNS = ["severity", "decision", "id", "package", "version", "fixed"];
  const LABELS = Array.from(document.querySelectorAll("#table thead th"), (head) => head.textContent.toLowerCase());
  const SORTS = { "": "What fails first", severity: "Severity", id: "Id", package: "Package", published: "Newest first", score: "CVSS score" };
  const data = JSON.parse(document.getElementById("data").textContent);
  const place = Object.fromEntries(data.columns.map((name, index) => [name, index]));
  const of = (row, name) => data.strings[row[place[name]]];
  const byId = (id) => document.getElementById(id);
  const state = { sort: "", backwards: false, page: 0, filters: new Map(), open: new Set() };
  let matching = data.rows;
  let searchable = null;

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "on") made.addEventListener("click", value);
      else if (value !== null) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  // Made once, when it is first needed or the browser has nothing else to do.
  function lowered() {
    searchable ??= data.strings.map((text) => text.toLowerCase());
    return searchable;
  }

  // Every text is there once, so each is looked at once, however many rows it is in.
  const SEARCHED = ["id", "package", "version", "fixed", "where", "type", "title", "aliases", "reason", "platform", "text", "weaknesses"];
  function searchFor(word) {
    const has = Uint8Array.from(lowered(), (text) => (text.includes(word) ? 1 : 0));
    const places = SEARCHED.map((name) => place[name]);
    return (row) => places.some((column) => has[row[column]]);
  }

  const collator = new Intl.Collator("en", { numeric: true });
  const ranked = (names) => (one, other) => names.indexOf(one) - names.indexOf(other);
  const ORDERS = {
    severity: ranked(data.severities),
    decision: ranked(data.decisions),
    published: (one, other) => (one < other ? 1 : one > other ? -1 : 0),
    score: (one, other) => (Number(other) || -1) - (Number(one) || -1),
  };

  function select() {
    const words = byId("query").value.toLowerCase().split(/\s+/).filter(Boolean);
    const tests = words.map(searchFor);
    const filters = [...state.filters].filter(([, wanted]) => wanted.size);
    matching = data.rows.filter((row) =>
      filters.every(([name, wanted]) => wanted.has(of(row, name))) && tests.every((matches) => matches(row)));
    if (state.sort) {
      const order = ORDERS[state.sort] ?? collator.compare;
      const turn = state.backwards ? -1 : 1;
      const ties = new Map(matching.map((row, index) => [row, index]));
      matching.sort((one, other) => turn * order(of(one, state.sort), of(other, state.sort)) || ties.get(one) - ties.get(other));
    }
    state.page = 0;
    state.open.clear();
    render();
  }

  function groups() {
    const grouped = new Map();
    for (const row of matching) {
      const key = [of(row, "kind"), of(row, "type"), of(row, "package")].join("\n");
      if (!grouped.has(key)) grouped.set(key, []);
      grouped.get(key).push(row);
    }
    return [...grouped.values()];
  }

  function link(url, text) {
    return element("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, text);
  }

  function facts(row) {
    const list = element("dl", { class: "facts" });
    const add = (name, value, attributes = {}) => {
      if (value) list.append(element("dt", {}, name), element("dd", attributes, value));
    };
    add("Why", of(row, "reason"));
    add("About", of(row, "text"), { class: "text" });
    add("What to do", of(row, "mend"));
    add("Where", of(row, "where"), { class: "mono" });
    add("Platform", of(row, "platform"));
    add("Package type", of(row, "type"));
    add("Status", of(row, "status").replaceAll("_", " "));
    add("Published", of(row, "published"));
    add("CVSS score", of(row, "score"));
    add("Weaknesses", of(row, "weaknesses"));
    add("Also known as", of(row, "aliases"));
    add("Layer", of(row, "layer"), { class: "mono" });
    if (of(row, "url")) add("Read on", link(of(row, "url"), of(row, "url")));
    return list;
  }

  function toggle(key) {
    if (!state.open.delete(key)) state.open.add(key);
    render();
    byId("rows").querySelector(`[data-key="${state.keys.indexOf(key)}"]`)?.focus();
  }

  function opener(key, text) {
    state.keys.push(key);
    return element("button", {
      type: "button", class: "open", "aria-expanded": String(state.open.has(key)), "data-key": state.keys.length - 1, on: () => toggle(key),
    }, text || "(no id)");
  }

  function severity(name) {
    return element("span", { class: `severity ${name}` }, name);
  }

  function line(row) {
    const decision = of(row, "decision");
    const made = [element("tr", { class: "row" },
      element("td", {}, severity(of(row, "severity"))),
      element("td", {},
        element("span", { class: decision === data.decisions[0] ? "decision fails" : "decision" }, decision),
        of(row, "novelty") === "new" ? element("span", { class: "new" }, "new") : null),
      element("td", {}, opener(row, of(row, "id")), element("span", { class: "title" }, of(row, "title"))),
      element("td", {}, of(row, "package")),
      element("td", { class: "versions", "data-label": LABELS[4] }, of(row, "version")),
      element("td", { class: "versions", "data-label": LABELS[5] }, of(row, "fixed")))];
    if (state.open.has(row)) made.push(element("tr", { class: "more" }, element("td", { colspan: COLUMNS.length }, facts(row))));
    return made;
  }

  function heading(rows) {
    const key = `group ${of(rows[0], "kind")} ${of(rows[0], "type")} ${of(rows[0], "package")}`;
    const worst = data.severities.find((name) => rows.some((row) => of(row, "severity") === name));
    const failing = rows.filter((row) => of(row, "decision") === data.decisions[0]).length;
    const title = `${of(rows[0], "package")} (${of(rows[0], "type") || of(rows[0], "kind")})`;
    const counted = ` ${rows.length.toLocaleString("en")} ${rows.length === 1 ? "finding" : "findings"}, ${failing.toLocaleString("en")} failing `;
    const made = [element("tr", { class: "group" }, element("td", { colspan: COLUMNS.length },
      opener(key, title), element("span", { class: "muted" }, counted), severity(worst)))];
    if (!state.open.has(key)) return made;
    for (const row of rows.slice(0, 4 * PAGE)) made.push(...line(row));
    if (rows.length > 4 * PAGE) {
      made.push(element("tr", { class: "more" }, element("td", { colspan: COLUMNS.length }, `${rows.length - 4 * PAGE} more: filter or search to see them, or do not group.`)));
    }
    return made;
  }

  function render() {
    state.keys = [];
    const grouped = byId("grouped").checked;
    const units = grouped ? groups() : matching;
    const pages = Math.max(1, Math.ceil(units.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    const start = state.page * PAGE;
    const shown = units.slice(start, start + PAGE);
    byId("rows").replaceChildren(...shown.flatMap(grouped ? heading : line));
    const number = (value) => value.toLocaleString("en");
    const range = units.length > PAGE ? `, ${grouped ? "packages" : "rows"} ${number(start + 1)} to ${number(start + shown.length)} of ${number(units.length)}` : "";
    byId("shown").textContent = matching.length
      ? `${number(matching.length)} of ${number(data.rows.length)} findings${grouped ? ` in ${number(units.length)} packages and files` : ""}${range}`
      : data.rows.length ? "No finding matches. Clear the search or a filter." : "Nothing was found.";
    byId("table").hidden = matching.length === 0;
    pager(pages);
    for (const [index, head] of [...document.querySelectorAll("#table thead th")].entries()) {
      if (COLUMNS[index] === state.sort) head.setAttribute("aria-sort", state.backwards ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    byId("sort").value = state.sort in SORTS ? state.sort : "";
  }

  function pager(pages) {
    const go = (page, label) => () => {
      state.page = page;
      state.open.clear();
      render();
      byId("findings").scrollIntoView();
      const again = [...byId("pager").querySelectorAll("button")].find((button) => button.textContent === label);
      (again && !again.disabled ? again : byId("findings")).focus({ preventScroll: true });
    };
    const button = (label, page) =>
      element("button", { type: "button", on: go(page, label), disabled: page < 0 || page >= pages ? "" : null }, label);
    byId("pager").hidden = pages < 2;
    byId("pager").replaceChildren(button("Previous", state.page - 1), `Page ${state.page + 1} of ${pages}`, button("Next", state.page + 1));
  }

  function chips(label, name, values) {
    const wanted = new Set();
    state.filters.set(name, wanted);
    const counted = new Map();
    for (const row of data.rows) counted.set(of(row, name), (counted.get(of(row, name)) ?? 0) + 1);
    const known = (values ?? [...counted.keys()].sort(collator.compare)).filter((value) => counted.has(value));
    if (known.length < 2) return;
    byId("filters").append(element("fieldset", {}, element("legend", {}, label), ...known.slice(0, 20).map((value) => {
      const chip = element("button", { type: "button", class: "chip", "aria-pressed": "false", on: () => {
        if (!wanted.delete(value)) wanted.add(value);
        chip.setAttribute("aria-pressed", String(wanted.has(value)));
        select();
      } }, value || "(none)", element("span", {}, counted.get(value).toLocaleString("en")));
      return chip;
    })));
  }

  function sortable() {
    for (const [value, label] of Object.entries(SORTS)) byId("sort").append(element("option", { value }, label));
    byId("sort").addEventListener("change", () => Object.assign(state, { sort: byId("sort").value, backwards: false }) && select());
    for (const [index, head] of [...document.querySelectorAll("#table thead th")].entries()) {
      const name = COLUMNS[index];
      head.replaceChildren(element("button", { type: "button", on: () => {
        state.backwards = state.sort === name && !state.backwards;
        state.sort = name;
        select();
      } }, head.textContent));
    }
  }

  function theme() {
    const root = document.documentElement;
    const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const label = () => { byId("theme").textContent = dark() ? "Light" : "Dark"; byId("theme").setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`); };
    // A page opened from disk or in a sandbox may have no storage: then the choice lasts as long as the page.
    const remembered = (change) => { try { return change(localStorage); } catch { return null; } };
    const known = remembered((storage) => storage.getItem("modelseal-theme"));
    if (known === "dark" || known === "light") root.dataset.theme = known;
    byId("theme").addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remembered((storage) => storage.setItem("modelseal-theme", root.dataset.theme));
      label();
    });
    byId("theme").hidden = false;
    label();
  }

  function keys() {
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) {
        event.preventDefault();
        byId("query").focus();
      }
    });
    for (const shortcut of document.querySelectorAll("a[data-search]")) {
      shortcut.addEventListener("click", () => {
        byId("query").value = shortcut.dataset.search;
        select();
      });
    }
  }

  theme();
  sortable();
  chips("Decision", "decision", data.decisions);
  chips("Severity", "severity", data.severities);
  chips("Kind", "kind", data.kinds);
  chips("Platform", "platform");
  chips("Baseline", "novelty", ["new", "known"]);
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
  byId("query").addEventListener("input", select);
  byId("grouped").addEventListener("change", select);
  keys();
  byId("filters").open = !matchMedia("(max-width: 760px)").matches;
  byId("filters").hidden = !byId("filters").querySelector("fieldset");
  byId("tools").hidden = data.rows.length === 0;
  render();
  (globalThis.requestIdleCallback ?? ((later) => setTimeout(later, 200)))(lowered);
})();
