// Lists are sorted, filtered and turned over without loading the whole page again, and small tables are sorted
// on the spot. Without this script every one of these links and forms works by itself.
(() => {
  const LINKS = ".sort-link, .legend a, .pagination a, .filter-bar a";
  const say = (words) => {
    const place = document.getElementById("list-said");
    if (place) place.textContent = words;
  };

  // Of a list that the server sorts, the part between its marks is exchanged.
  const name = (element) => element.dataset.keep || element.getAttribute("name") || element.textContent.trim();
  const keepFocus = (list, held) => {
    if (!held) return;
    const same = [...list.querySelectorAll(`${LINKS}, input, select, button`)].find(
      (element) => element.tagName === held.tag && name(element) === held.name,
    );
    (same || list).focus({ preventScroll: true });
  };
  let asked = 0;
  const show = async (address, { back = false } = {}) => {
    const list = document.querySelector("[data-list]");
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const held = focused && { tag: focused.tagName, name: name(focused) };
    list.setAttribute("aria-busy", "true");
    const own = ++asked;
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (own !== asked) return; // something else was asked for since
      const next = answer.ok && !answer.redirected && page.querySelector("[data-list]");
      if (!next) throw new Error("another page");
      list.replaceChildren(...next.childNodes);
      list.removeAttribute("aria-busy");
      if (!back) history.pushState({ list: true }, "", address);
      keepFocus(list, held);
      say(list.querySelector("[data-said]")?.dataset.said || "");
    } catch {
      if (own === asked) location.assign(address); // the ordinary way, also to the sign-in
    }
  };
  const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
  if (document.querySelector("[data-list]")) {
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.(`[data-list] :is(${LINKS})`);
      if (!link || !isPlain(event) || link.hasAttribute("download")) return;
      event.preventDefault();
      show(link.href);
    });
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (!form.matches("[data-list] form.filter-bar")) return;
      event.preventDefault();
      const typed = [...new FormData(form)].filter(([, value]) => value !== "");
      show(`${form.action.split("?")[0]}?${new URLSearchParams(typed)}`);
    });
    window.addEventListener("popstate", () => show(location.href, { back: true }));
  }

  // Of a table that is whole on the page, the rows change their order.
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = (cell?.dataset.sort ?? cell?.textContent ?? "").trim();
    const number = cell?.classList.contains("number") ? parseFloat(text.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".")) : NaN;
    return { text: text === "–" ? "" : text, number };
  };
  const compare = (one, other, down) => {
    if (!one.text !== !other.text) return one.text ? -1 : 1; // what is empty comes last, either way
    return (down ? -1 : 1) * compareFilled(one, other);
  };
  const compareFilled = (one, other) => {
    if (!Number.isNaN(one.number) && !Number.isNaN(other.number)) return one.number - other.number;
    return one.text.localeCompare(other.text, document.documentElement.lang, { numeric: true });
  };
  const sort = (table, head) => {
    const column = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending";
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(value(a, column), value(b, column), down));
    table.tBodies[0].append(...rows);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const words = down ? table.dataset.descending : table.dataset.ascending;
    say(words.replace("…", head.textContent.trim()));
  };
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    for (const head of table.tHead.rows[0].cells) {
      if (head.querySelector("a, .visually-hidden")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort-link sort-button";
      button.append(...head.childNodes);
      const mark = document.createElement("span");
      mark.className = "sort-mark";
      mark.setAttribute("aria-hidden", "true");
      button.append(mark);
      head.append(button);
      button.addEventListener("click", () => sort(table, head));
    }
  }
})();
