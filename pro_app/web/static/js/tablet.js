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

// Where a questionnaire is on the page, its answers are in memory until they are received.
const phone = document.getElementById("phone") && (await import(`./phone.js${search}`));
let last = Date.now();
let told = Date.now();
let locking = false;

const leave = async () => {
  await phone?.queue.forget(phone.owner); // else the browser would ask whether to leave
  location.replace(locked);
};

const tell = async () => {
  told = Date.now();
  const headers = { Accept: "application/json" };
  const reply = await fetch(alive, { cache: "no-store", headers }).catch(() => null);
  if (reply && [401, 404].includes(reply.status)) await leave();
};

const touch = () => {
  if (dialog.open || locking) return;
  last = Date.now();
  if (last - told > TELL_AFTER) tell();
};

const goOn = () => {
  dialog.close();
  last = Date.now();
  tell();
};

// Takes everything from the screen at once; the server ends the session as soon as there is a network.
const lock = async () => {
  if (!locking) {
    locking = true;
    if (dialog.open) dialog.close();
    const cover = document.importNode(place.content, true);
    document.title = cover.querySelector("title").textContent;
    cover.querySelector("title").remove();
    document.body.replaceChildren(cover);
    document.querySelector("h1").focus();
  }
  await phone?.sync.send();
  const sent = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" }).catch(() => null);
  if (sent) await leave();
  else setTimeout(lock, TRY_AGAIN);
};

const check = () => {
  const rest = idle - (Date.now() - last);
  if (locking) return;
  if (rest <= 0) lock();
  else if (rest <= ahead) {
    if (!dialog.open) dialog.showModal();
    left.textContent = Math.ceil(rest / 1000);
  }
};

for (const kind of ["pointerdown", "keydown", "scroll", "input"]) addEventListener(kind, touch, { capture: true, passive: true });
document.getElementById("still-here-go-on").addEventListener("click", goOn);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  goOn();
});
// A page out of the browser's memory may be that of somebody before: the server says what shows now.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
phone?.sync.listen(({ kind }) => kind === "sign_in" && !locking && leave());
setInterval(check, 1000);
navigator.serviceWorker?.getRegistrations().then((all) => all.forEach((one) => one.unregister()));
