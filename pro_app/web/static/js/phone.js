// What every page does on the phone: it keeps the app for times without a network, sends what waits, says what
// the person has to know, and leaves nothing behind.
const { search } = new URL(import.meta.url);
export const queue = await import(`./queue.js${search}`);
export const sync = await import(`./sync.js${search}`);

const DAY = 24 * 60 * 60 * 1000;
const TRY_AGAIN = 10000; // milliseconds
const ASSETS = "assets";
const WHOLE = "whole-";
const place = document.getElementById("phone");
export const { owner = "", look, keeps } = place.dataset;
const mayKeep = keeps !== "nothing"; // a tablet of the site that is lent holds answers in memory only
const hasCaches = mayKeep && "caches" in window;
let words = document; // where the notices stand
const shown = document.createElement("div");
shown.id = "notices";
shown.className = "stack";
shown.setAttribute("role", "status");

const early = []; // notices whose words are still to come

// Takes the notices from another document than the page.
export const readFrom = (other) => {
  words = other;
  for (const [name, options] of early.splice(0)) notify(name, options);
};

// Puts the notices on top, but below an item, whose options may not move under a thumb.
export const attachNotices = () => {
  const main = document.getElementById("main");
  const first = shown.childElementCount && !document.getElementById("answer-form");
  if ((first ? main.firstElementChild : main.lastElementChild) !== shown) main[first ? "prepend" : "append"](shown);
};

// Shows a notice once; `fill` puts text into its marked places, `link` is where its link leads.
export const notify = (name, { fill = {}, link = "" } = {}) => {
  const template = words.querySelector(`template[data-notice="${name}"]`);
  withdraw(name);
  if (!template) early.push([name, { fill, link }]);
  if (!template) return null;
  const notice = document.importNode(template.content, true).firstElementChild;
  notice.dataset.shown = name;
  for (const [mark, text] of Object.entries(fill))
    for (const part of notice.querySelectorAll(`[data-fill="${mark}"]`)) part.textContent = text;
  if (link) notice.querySelector("a").href = link;
  shown.append(notice);
  attachNotices();
  return notice;
};

export const withdraw = (name) => {
  const index = early.findIndex(([known]) => known === name);
  if (index >= 0) early.splice(index, 1);
  shown.querySelector(`[data-shown="${name}"]`)?.remove();
  attachNotices();
};

const list = () => queue.list(owner);
let reported;

const isSafariOutsideHomeScreen = () => {
  const { userAgent, standalone } = navigator;
  const safari = /Safari\//.test(userAgent) && /Version\//.test(userAgent) && !/Chrome|Chromium|Android/.test(userAgent);
  return safari && !standalone && !matchMedia("(display-mode: standalone)").matches;
};

// Says what the person has to know about what waits here.
export const review = async () => {
  const records = owner ? await list() : [];
  const waiting = records.filter(({ aside }) => !aside);
  const since = Math.min(...waiting.map(({ kept_at }) => kept_at));
  const holds = {
    blocked: queue.isBlocked(),
    refused: records.some(({ aside }) => aside),
    old: waiting.length && Date.now() - since > DAY,
    safari: waiting.length && isSafariOutsideHomeScreen(),
  };
  for (const [name, is] of Object.entries(holds)) {
    if (!is) withdraw(name);
    else if (!shown.querySelector(`[data-shown="${name}"]`)) notify(name);
  }
  if (holds.refused || holds.old || reported)
    import(`./report.js${search}`).then(({ tell }) => tell(records)).catch(() => {});
  return waiting;
};

// Keeps a page or a file, never one that another page was given for.
const keep = async (cache, address) => {
  const reply = await fetch(address);
  if (!reply.ok || reply.redirected) throw new Error(`not kept: ${address}`);
  await cache.put(address, reply);
};

const readMark = (name, html) => new RegExp(`data-${name}="([^"]*)"`).exec(html)?.[1] || "";

// Lists the files of a page's own version of the app.
const readFiles = (html) => readMark("assets", html).replaceAll("&amp;", "&").split(" ");

const keepFiles = async (addresses) => {
  const cache = await caches.open(ASSETS);
  for (const address of addresses) if (!(await cache.match(address, { ignoreVary: true }))) await keep(cache, address);
};

// Keeps the whole questionnaire (no answers) and gives it, once all its files are here; none without a network.
export const keepWhole = async (assessment_id) => {
  const address = `/p/q/${assessment_id}/whole`;
  const reply = await fetch(address, { cache: "no-store" });
  if (!reply.ok || reply.redirected) throw new Error(`not kept: ${address}`);
  const copy = reply.clone();
  const html = await reply.text();
  const put = async () => {
    await keepFiles(readFiles(html));
    await (await caches.open(WHOLE + owner)).put(address, copy);
  };
  if (hasCaches) put().catch(() => {}); // the page itself does not wait for it
  return html;
};

// Finds the questionnaire that this phone keeps, null for none.
export const findWhole = async (assessment_id) => {
  const found = hasCaches && (await caches.match(`/p/q/${assessment_id}/whole`, { ignoreVary: true }).catch(() => null));
  return found ? found.text() : null;
};

export const dropWhole = async (assessment_id) => {
  try {
    if (hasCaches) await (await caches.open(WHOLE + owner)).delete(`/p/q/${assessment_id}/whole`, { ignoreVary: true });
  } catch {
    // A browser that refuses to keep anything has nothing to drop.
  }
};

// Keeps this page's files and the page for times without a network, and drops what no kept page needs.
const keepAssets = async () => {
  const { assets, offline } = place.dataset;
  const needed = new Set([...assets.split(" "), offline]);
  await keepFiles(needed);
  const cache = await caches.open(ASSETS);
  const old = await cache.match(offline, { ignoreVary: true });
  if (readFiles(await old.text()).join(" ") !== assets) await keep(cache, offline);
  for (const id of await listWholes()) for (const file of readFiles(await findWhole(id))) needed.add(file);
  for (const request of await cache.keys()) {
    const { pathname, search: query } = new URL(request.url);
    if (!needed.has(pathname + query)) await cache.delete(request, { ignoreVary: true });
  }
};

const listWholes = async () => {
  const found = [];
  for (const name of await caches.keys()) {
    if (!name.startsWith(WHOLE)) continue;
    for (const { url } of await (await caches.open(name)).keys()) found.push(Number(/\/q\/(\d+)\//.exec(url)[1]));
  }
  return found;
};

// Keeps what the person can answer now, and drops what is over or somebody else's.
const keepOpen = async ({ owner: present, open }) => {
  if (!hasCaches) return;
  for (const name of await caches.keys())
    if (name.startsWith(WHOLE) && name !== WHOLE + present) await caches.delete(name);
  if (present !== owner) return;
  const kept = await listWholes();
  const held = new Set((await list()).map(({ assessment_id }) => assessment_id));
  for (const id of kept) if (!open.includes(id) && !held.has(id)) await dropWhole(id);
  // One with another language, size of text or listening is kept anew.
  for (const id of open) if (!kept.includes(id) || readMark("look", await findWhole(id)) !== look) await keepWhole(id);
};

const offerKept = async () => {
  const offer = document.getElementById("kept-questionnaires");
  if (!offer) return;
  const found = await listWholes();
  for (const id of found) {
    const line = document.importNode(offer.querySelector("template").content, true);
    line.querySelector("a").href = `/p/q/${id}`;
    line.querySelector("[data-fill=until]").textContent = readMark("until", await findWhole(id));
    offer.append(line);
  }
  offer.hidden = !found.length;
};

// Leaves the page for times without a network as soon as there is one.
const watchForNetwork = () => {
  if (!document.getElementById("kept-questionnaires")) return;
  const tryAgain = () => fetch("/p/sync", { cache: "no-store" }).then(() => location.reload()).catch(() => {});
  addEventListener("online", tryAgain); // which may mean a network that leads nowhere
  setInterval(tryAgain, TRY_AGAIN);
};

const forgetEverything = async () => {
  await queue.forget(owner);
  if (hasCaches) await caches.delete(WHOLE + owner).catch(() => {});
  try {
    localStorage.removeItem("counter");
  } catch {
    // Nothing was stored there.
  }
};

// A page may be older than the session: it takes that one's mark, unless nobody is signed in any more.
const renew = (form) =>
  sync.greet().then(
    ({ csrf_token }) => {
      form.elements.csrf_token.value = csrf_token;
      return "again";
    },
    (error) => error instanceof sync.SignInNeeded && "nobody",
  );

// Signs out at the server first: without a network nothing is erased and the person is told.
const signOut = async (form, fresh = false) => {
  const reply = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
  const over = reply && !reply.ok && !fresh && (await renew(form));
  if (over === "again") return signOut(form, true);
  if (!reply || !(reply.ok || over)) return notify("sign_out_failed");
  await forgetEverything();
  sync.announce({ kind: "signed_out", owner });
  return location.replace("/");
};

const askBeforeSigningOut = async (form) => {
  withdraw("sign_out_failed");
  await sync.send();
  const waiting = (await list()).length;
  if (!waiting) return signOut(form);
  const question = notify("sign_out", { fill: { count: waiting } });
  question.tabIndex = -1;
  question.focus();
  question.scrollIntoView({ block: "center" });
  question.addEventListener("click", ({ target }) => {
    const { act } = target.closest("[data-act]")?.dataset || {};
    if (act) withdraw("sign_out");
    if (act === "leave") signOut(form);
  });
};

document.addEventListener("submit", (event) => {
  if (!new URL(event.target.action).pathname.endsWith("/sign-out") || !owner) return;
  event.preventDefault();
  askBeforeSigningOut(event.target);
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-close]")) withdraw(target.closest("[data-shown]").dataset.shown);
});

sync.listen(({ kind, session, far, owner: of, assessment_id, receipt }) => {
  if (kind === "greeted") {
    withdraw("sign_in");
    if (session.reported && !reported) review((reported = true));
    keepOpen(session).catch(() => {});
  }
  if (kind === "received" && receipt) dropWhole(assessment_id); // whichever page it was sent from
  if (kind === "sign_in") notify("sign_in")?.scrollIntoView({ block: "center" });
  if (kind === "signed_out" && far && of === owner) location.replace("/"); // in another window
  if (["received", "refused", "unsent"].includes(kind)) review();
});

// What the page itself needs goes first.
const loaded = new Promise((done) => (document.readyState === "complete" ? done() : addEventListener("load", done)));

addEventListener("beforeunload", (event) => queue.isAtRisk() && event.preventDefault());
attachNotices();
watchForNetwork();
loaded.then(async () => {
  if (mayKeep && "serviceWorker" in navigator) await navigator.serviceWorker.register("/sw.js").catch(() => {});
  if (hasCaches) {
    await keepAssets().catch(() => {});
    await offerKept();
  }
});
if (owner) {
  review();
  addEventListener("storeopened", review);
  sync.start();
  if (location.hash === "#late") notify("too_late"); // said on the page before
}
