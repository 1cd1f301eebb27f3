// Keys of the lists: / search, j and k down and up, Enter opens (as for any link), ? says so. They can be switched
// off, since a key alone can be pressed by accident or by somebody who dictates (WCAG 2.1.4).
(() => {
  const OFF = "staff-keys-off";
  const help = document.getElementById("keys");
  if (!help) return;
  const box = help.querySelector("input[type=checkbox]");
  const stored = {
    read: () => {
      try {
        return localStorage.getItem(OFF) === "yes";
      } catch {
        return false;
      }
    },
    write: (off) => {
      try {
        localStorage.setItem(OFF, off ? "yes" : "no");
      } catch {
        // A browser that keeps nothing: the choice holds for this page.
      }
    },
  };
  let off = stored.read();
  box.checked = !off;
  box.addEventListener("change", () => {
    off = !box.checked;
    stored.write(off);
  });
  const opener = document.getElementById("keys-open");
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());

  const step = (by) => {
    const links = [...document.querySelectorAll("main .row-link")];
    if (!links.length) return;
    const at = links.findIndex((link) => link.closest("tr")?.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
  };
  const inList = () => Boolean(document.activeElement?.closest("main tr"));
  const KEYS = {
    "/": () => {
      const search = document.querySelector("main input[type=search]");
      search?.focus();
      search?.select();
      return Boolean(search);
    },
    "?": () => help.showModal() ?? true,
    j: () => step(1) ?? true,
    k: () => step(-1) ?? true,
    ArrowDown: () => inList() && (step(1) ?? true),
    ArrowUp: () => inList() && (step(-1) ?? true),
  };
  document.addEventListener("keydown", (event) => {
    if (off || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
    const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
    if (act?.()) event.preventDefault();
  });
})();
