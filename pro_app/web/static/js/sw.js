// Answers from what the pages kept on this phone where there is no network, and shows each push as a
// notification; a tap on it opens the app at its bare address. What is kept holds no answers.
const QUESTIONNAIRE = /^\/p\/q\/(\d+)(\/(\d+|review|send))?$/;
const OFFLINE = "/p/offline";
const LONGEST_WAIT = 15000; // milliseconds for a page, after which the phone counts as offline

const find = (address) => caches.match(address, { ignoreVary: true }).catch(() => null); // some browsers refuse

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

const load = async (request) => {
  if (request.method !== "GET") return fetch(request);
  let clock;
  const late = new Promise((_, reject) => (clock = setTimeout(reject, LONGEST_WAIT)));
  return Promise.race([fetch(request), late]).finally(() => clearTimeout(clock));
};

// Forgets a kept questionnaire in whose place the server's own pages came; scripts that work keep it anew.
const drop = async (id) => {
  for (const name of await caches.keys()) await (await caches.open(name)).delete(`/p/q/${id}/whole`, { ignoreVary: true });
};

// A questionnaire that is kept comes from the phone, `?plain` asks for the server's own pages.
const show = async (request, { pathname, searchParams }) => {
  const [, id] = QUESTIONNAIRE.exec(pathname) || [];
  if (id && request.method === "GET" && !searchParams.has("plain")) {
    const kept = await find(`/p/q/${id}/whole`);
    if (kept) return kept;
  }
  try {
    const page = await load(request);
    if (id && searchParams.has("plain")) await drop(id).catch(() => {});
    return page;
  } catch (error) {
    const page = await find(OFFLINE);
    if (page) return page;
    throw error;
  }
};

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === "/" || url.pathname.startsWith("/p/")) event.respondWith(show(request, url));
  } else if (request.method === "GET" && url.pathname.startsWith("/static/")) {
    event.respondWith(find(request).then((kept) => kept || fetch(request)));
  }
});

addEventListener("push", (event) => {
  let sent = {};
  try {
    sent = event.data.json();
  } catch {
    // Nothing readable came: browsers still want to see a notification for every push.
  }
  const shown = { body: sent.body || "", data: { url: sent.url }, icon: "/static/img/icon.svg" };
  event.waitUntil(registration.showNotification(sent.title || "Questionnaires", shown));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = event.notification.data || {};
  // Only ever an address of this app, whatever was sent.
  const own = url && new URL(url, location).origin === location.origin ? url : "/";
  event.waitUntil(
    clients.matchAll({ type: "window" }).then(([open]) => (open ? open.focus() : clients.openWindow(own))),
  );
});
