// The grid of a sheet of paper: one key a cell and on to the next one, saved on the way.
// Without this script the cells are plain fields, and the buttons below save them.
(() => {
  const form = document.getElementById("paper-grid");
  if (!form) return;
  const PAUSE = 1500; // milliseconds without a key, after which what was typed is saved
  const LONGEST = 5000; // milliseconds after which it is saved while the keys go on
  const cells = [...form.querySelectorAll("input[data-codes]")];
  const count = document.getElementById("paper-count");
  const said = document.getElementById("paper-said");
  const state = document.getElementById("paper-state");
  // What keyboards make of the two signs; "r" is the refusal where no sign is within reach.
  const SAME = { "−": "-", "–": "-", "—": "-", r: "-", R: "-", "÷": "/", "⁄": "/", ":": "/" };
  let timer = 0;
  let changed = false;
  let changedAt = 0; // when the first key was that is not saved yet
  let saving = Promise.resolve(true);

  const fits = (cell, mark) => mark.length === 1 && cell.dataset.codes.includes(mark);
  // The upper row of a French keyboard has the digits under the shift key: without it they are meant as well,
  // but for the keys that have one of the signs there ("6" and "-"): which of the two is meant, nobody knows.
  const readRow = (cell, event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || /[0-9]/.test(event.key)) return {};
    const digit = /^Digit([0-9])$/.exec(event.code)?.[1] ?? "";
    const sign = SAME[event.key] ?? event.key;
    if (digit && (sign === "-" || sign === "/")) return { digit, sign: event.key };
    return fits(cell, digit) ? { digit } : {};
  };
  const tell = (words) => {
    if (state.textContent !== words) state.textContent = words;
  };
  const go = (index) => {
    const cell = cells[index];
    if (!cell) return;
    cell.focus();
    cell.select();
  };
  const recount = () => {
    count.textContent = String(cells.filter((cell) => fits(cell, cell.value)).length);
  };
  const check = (cell) => {
    const wrong = cell.value !== "" && !fits(cell, cell.value);
    cell.parentElement.classList.toggle("is-wrong", wrong);
    if (wrong) cell.setAttribute("aria-invalid", "true");
    else cell.removeAttribute("aria-invalid");
    const words = form.dataset.noCode
      .replace("{item}", cell.parentElement.querySelector("label").textContent)
      .replace("{mark}", cell.value)
      .replace("{codes}", [...cell.dataset.codes].join(" "));
    said.textContent = wrong ? words : "";
    return !wrong;
  };

  const send = (keepalive) =>
    fetch(form.action || location.href, {
      method: "POST",
      body: new URLSearchParams([...new FormData(form), ["go", "save"]]),
      headers: { Accept: "application/json" },
      keepalive,
    });
  // Whoever signs in anew gets a new token: the page is asked for it once.
  const renewToken = async () => {
    const page = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
    const token = fresh.querySelector("#paper-grid input[name=csrf_token]");
    if (token) form.elements.csrf_token.value = token.value;
    return Boolean(token);
  };
  const save = async (keepalive = false) => {
    clearTimeout(timer);
    if (!changed) return true;
    changed = false;
    changedAt = 0;
    tell(form.dataset.saving);
    try {
      let reply = await send(keepalive);
      if (reply.status === 400 && (await renewToken())) reply = await send(keepalive);
      if (reply.ok) {
        if (!changed) tell(form.dataset.saved);
        return true;
      }
      const { taken, signedOut, unsaved } = form.dataset;
      tell({ 400: signedOut, 401: signedOut, 403: taken, 404: taken, 409: taken }[reply.status] ?? unsaved);
    } catch {
      tell(form.dataset.unsaved);
    }
    changed = true;
    return false;
  };
  // One after the other: what was typed earlier must never arrive after what was typed later.
  const saveInTurn = (keepalive) => {
    saving = saving.then(() => save(keepalive));
    return saving;
  };
  const saveSoon = () => {
    changed = true;
    changedAt ||= Date.now();
    clearTimeout(timer);
    timer = setTimeout(saveInTurn, Math.max(0, Math.min(PAUSE, changedAt + LONGEST - Date.now())));
  };

  cells.forEach((cell, index) => {
    cell.addEventListener("focus", () => cell.select());
    cell.addEventListener("input", () => {
      cell.value = SAME[cell.value] ?? cell.value;
      const good = check(cell);
      recount();
      saveSoon();
      if (cell.value === "") return;
      if (!good) cell.select();
      else go(index + 1);
    });
    cell.addEventListener("keydown", (event) => {
      const { digit, sign } = readRow(cell, event);
      if (sign) {
        event.preventDefault();
        said.textContent = form.dataset.ambiguous.replace("{sign}", sign).replace("{digit}", digit);
        return;
      }
      if (digit) {
        event.preventDefault();
        cell.value = digit;
        cell.dispatchEvent(new Event("input"));
        return;
      }
      const columns = Math.max(1, cells.filter((other) => other.offsetTop === cell.offsetTop).length);
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Enter: 1 };
      if (event.key === "Backspace" && cell.value === "") go(index - 1);
      else if (event.key === "Enter" && index === cells.length - 1) return;
      else if (event.key in steps) go(index + steps[event.key]);
      else return;
      event.preventDefault();
    });
  });
  // Nothing leaves this page before it is known to be saved: an expired session must not take it along.
  form.addEventListener("submit", async (event) => {
    if (form.dataset.ready) return;
    event.preventDefault();
    const button = event.submitter;
    changed = true;
    if (!(await saveInTurn())) return;
    form.dataset.ready = "yes";
    form.requestSubmit(button);
  });
  document.addEventListener("visibilitychange", () => {
    saveInTurn(document.visibilityState === "hidden");
  });
  addEventListener("pagehide", () => {
    saveInTurn(true);
  });
  addEventListener("pageshow", () => {
    delete form.dataset.ready;
    recount();
  });
  const first = cells.find((cell) => !fits(cell, cell.value));
  if (first && !document.querySelector(".error-summary")) go(cells.indexOf(first));
})();
