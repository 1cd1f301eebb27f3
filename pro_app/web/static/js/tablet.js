// Watches a tablet on loan: asks whether somebody is still there, and locks it. Nothing is kept on it, and what
// a participant's own app may have kept there before shows no longer.
const { search } = new URL(import.meta.url);
const place = document.getElementById("tablet");
const form = document.getElementById("tablet-lock");
const dialog = document.getElementById("still-here");
const left = document.getElementById("tablet-left");
const { alive, locked } = place.dataset;
const [idle, ahead] = [place.dataset.idle * 1000, place.dataset.ahead * 1000];
const TELL_AFTER = 30000; // milliseconds; the server allows for as much
const TRY_AGAIN = 5000;
const LONGEST_SENDING = 60000;

// Where a questionnaire is on the page, its answers are in memory until they are received.
const phone = document.getElementById("phone") && (await import(`./phone.js${search}`));
let last = Date.now();
let told = Date.now();
let locking = false;
let latest = 0;

const isWaiting = async () => (await phone?.queue.list(phone.owner))?.some(({ aside }) => !aside);

const leave = async () => {
  await phone?.queue.forget(phone.owner); // else the browser would ask whether to leave
  location.replace(locked);
};

// Safari before 15.4 has the element without its ways to open and close.
const goOnButton = document.getElementById("still-here-go-on");
const ask = () => {
  if (dialog.showModal) return dialog.showModal();
  dialog.setAttribute("open", "");
  return goOnButton.focus();
};
const close = () => (dialog.close ? dialog.close() : dialog.removeAttribute("open"));

const tell = async () => {
  told = Date.now();
  const headers = { Accept: "application/json" };
  const reply = await fetch(alive, { cache: "no-store", headers }).catch(() => null);
  if (reply && [401, 404].includes(reply.status)) await leave();
};

const touch = () => {
  if (dialog.hasAttribute("open") || locking) return;
  last = Date.now();
  if (last - told > TELL_AFTER) tell();
};

const goOn = () => {
  close();
  last = Date.now();
  tell();
};

// Takes everything from the screen at once; the server ends the session as soon as there is a network.
const lock = async () => {
  if (!locking) {
    locking = true;
    latest = Date.now() + LONGEST_SENDING;
    if (dialog.hasAttribute("open")) close();
    const cover = document.importNode(place.content, true);
    document.title = cover.querySelector("title").textContent;
    cover.querySelector("title").remove();
    document.body.replaceChildren(cover);
    document.querySelector("h1").focus();
  }
  await phone?.sync.send();
  // While something is not received the session lives on behind the cover, for a while.
  if (Date.now() < latest && (await isWaiting())) return setTimeout(lock, TRY_AGAIN);
  const sent = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" }).catch(() => null);
  // A redirect, which is not followed here, or nobody is signed in any more; all else is not the app's word.
  const over = sent && (sent.type === "opaqueredirect" || sent.ok || [401, 404].includes(sent.status));
  return over ? leave() : setTimeout(lock, TRY_AGAIN);
};

const check = () => {
  const rest = idle - (Date.now() - last);
  if (locking) return;
  if (rest <= 0) lock();
  else if (rest <= ahead) {
    if (!dialog.hasAttribute("open")) ask();
    left.textContent = Math.ceil(rest / 1000);
  }
};

// Giving the tablet back goes the same way, so that it works without a network too.
document.addEventListener("submit", (event) => {
  if (event.target.action !== form.action) return;
  event.preventDefault();
  lock();
});
for (const kind of ["pointerdown", "keydown", "scroll", "input"]) addEventListener(kind, touch, { capture: true, passive: true });
goOnButton.addEventListener("click", goOn);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  goOn();
});
// A page out of the browser's memory may be that of somebody before: the server says what shows now.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
phone?.sync.listen(({ kind }) => kind === "sign_in" && !locking && leave());
setInterval(check, 1000);
navigator.serviceWorker?.getRegistrations().then((all) => all.forEach((one) => one.unregister()));
