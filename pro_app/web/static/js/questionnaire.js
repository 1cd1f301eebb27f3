// The questionnaire on the phone: each tap is kept here before the page says so, the screens follow each other
// without a request, and what the centre has received is called received only then. Without this script, and
// until the whole questionnaire is here, the plain forms do the same.
const { search } = new URL(import.meta.url);
const { queue, sync, owner, ...phone } = await import(`./phone.js${search}`);
const screens = await import(`./screens.js${search}`);

const LONGEST_LOAD = 3000; // milliseconds before a plain form goes on alone
const [FIRST_WAIT, LONGEST_WAIT] = [2000, 60000]; // milliseconds until the centre is asked again
const [, id, , first] = /^\/p\/q\/(\d+)(\/(\w+))?/.exec(location.pathname);
const assessment_id = Number(id);
const root = `/p/q/${id}`;
const device_zone = Intl.DateTimeFormat().resolvedOptions().timeZone; // slow to ask for

const answers = new Map(); // "<instrument>:<item>" → what was said, as the forms carry it
const heard = new Set(); // items that were read aloud
const waiting = new Map(); // the same → the operation that is not received yet
const touched = new Set(); // items of which something was said or learnt since the centre was asked
const received = new Set(); // operations of which this page heard so
const writing = new Set(); // operations not on the disk yet: nothing is promised
let whole = document.getElementById("words") && document;
let current = { place: first || "", params: new URLSearchParams(location.search), asked: false };
let pending = null; // the last tap on its way to the disk
let unsent = false;
let missed = false; // what the centre has could not be asked
let learning = 0;
let stepping = false; // a second tap on a button does not step twice
let button = null; // the last that was tapped: Safari before 15.4 does not say which one sends a form
let finished = false;

const form = () => document.getElementById("answer-form");
const field = (name) => form().elements.namedItem(name); // `elements.item` is a method of the list
const keyOf = (of) => `${of.elements.namedItem("instrument").value}:${of.elements.namedItem("item").value}`;
const key = () => form() && keyOf(form());

const blockedWords = () => whole?.querySelector("#words").dataset.blocked;

const describe = () => {
  const state = document.getElementById("save-state");
  if (!state || !key()) return;
  const say = (kind, words) => {
    state.dataset.state = kind;
    state.removeAttribute("data-plain");
    state.querySelector("span").textContent = words || "";
  };
  const many = (name, n) => screens.count(whole, name, n);
  if (waiting.has(key())) {
    if (writing.has(waiting.get(key()))) return say("", "");
    if (queue.isAtRisk()) say("unsent", blockedWords());
    else say(unsent ? "unsent" : "kept", unsent ? state.dataset.unsent : state.dataset.kept);
  } else if (waiting.size) say("unsent", queue.isAtRisk() ? blockedWords() : many("waiting", waiting.size));
  else if (answers.has(key())) say("received", state.dataset.received);
  else if (answers.size) say("received", many("received", answers.size));
};

// Shows what stands for the item on the screen, unless the person has just said something else.
const mark = () => {
  if (!key() || !whole) return;
  screens.markAnswer(form(), answers.get(key()), whole);
  describe();
};

const show = (place, params = new URLSearchParams(), { record = "push", focus = true } = {}) => {
  const page = screens.render(whole, String(place), { params, answers, root });
  if (!page) return location.assign(`${root}/${place}?plain`);
  const query = `${params}` && `?${params}`;
  const address = place === "sent" ? root : `${root}/${place}${query}`; // what is on its way has no other screens
  if (record === "push") history.pushState(null, "", address);
  else if (record === "replace") history.replaceState(null, "", address);
  current = { place: String(place), params, asked: false };
  const fill = () => {
    phone.attachNotices();
    mark();
  };
  screens.put(page, { focus, fill });
};

const loadWhole = async () => {
  try {
    const text = (await phone.keepWhole(assessment_id)) || "";
    return new DOMParser().parseFromString(text, "text/html");
  } catch {
    const kept = await phone.findWhole(assessment_id);
    return kept && new DOMParser().parseFromString(kept, "text/html");
  }
};

const read = (other) => {
  if (!other || !other.getElementById("words")) return;
  whole = other;
  phone.readFrom(other);
};

// Names an answer as the server does for a plain form: it may be on its way already.
const nameAsForm = (said) => queue.nameWithin(field("page_id").value, `${field("item").value}:${said}`);

// Keeps what was said about the item on the screen, then sends it.
const record = async (state, value, operation_id = queue.makeId()) => {
  const said = state === "answered" ? String(value) : state === "not_applicable" ? "N" : state;
  const operation = {
    operation_id,
    instrument_code: field("instrument").value,
    item_number: Number(field("item").value),
    state,
    value,
    ...queue.count(),
    device_at: new Date().toISOString(),
    device_zone,
    listened: heard.has(key()) || undefined,
    wording_sha256: field("wording")?.value,
  };
  const item = key();
  if (state === "answered" || state === "not_applicable") {
    field("operation_id").value = operation.operation_id; // the plain form sends the same operation
    field("counter").value = operation.counter;
    if (field("counted_by")) field("counted_by").value = operation.counted_by;
  }
  answers.set(item, said);
  waiting.set(item, operation.operation_id);
  touched.add(item);
  phone.withdraw("other_tab");
  writing.add(operation_id);
  describe();
  const kept = await queue.add(owner, assessment_id, operation);
  writing.delete(operation.operation_id);
  sync.announce({ kind: "tapped", assessment_id, item, said, operation_id, kept });
  describe();
  sync.send();
};

const goOn = async (go, chosen) => {
  await pending;
  const back = current.params.get("back") === "review";
  const item = key();
  if (go === "decline") await record("declined", null);
  else if (go !== "previous" && !chosen && !answers.get(item)) {
    if (!current.asked) {
      current.asked = true;
      return screens.ask(whole);
    }
    await record("left_blank", null);
  }
  if (queue.isAtRisk() && waiting.has(item)) {
    await sync.send(); // nothing else holds this answer
    if (waiting.has(item)) return phone.notify("not_kept")?.scrollIntoView({ block: "center" });
  }
  const next = Number(current.place) + (go === "previous" ? -1 : 1);
  return show(back ? "review" : screens.find(whole, next) ? next : "review");
};

// Sends the form as the page came, with the button that was tapped.
const sendPlainly = (of, name, value) => {
  const button = document.createElement("input");
  Object.assign(button, { type: "hidden", name, value });
  of.append(button);
  HTMLFormElement.prototype.submit.call(of);
};

const finish = async (of) => {
  const respondent = new FormData(of).get("respondent");
  if (!respondent) return whole ? screens.refuse(of, whole) : sendPlainly(of, "go", "next");
  const submission = {
    operation_id: queue.makeId(),
    respondent,
    ...queue.count(),
    device_at: new Date().toISOString(),
    listened: Array.from(heard, (item) => item.split(":")[0]),
  };
  const kept = await queue.add(owner, assessment_id, submission);
  if (kept && whole) show("sent", undefined, { record: "replace" });
  await sync.send();
  if (finished) return;
  if (!whole) kept ? location.assign(root) : sendPlainly(of, "go", "next");
  else if (!kept) phone.notify("not_kept");
};

const choose = (value, ...name) => {
  pending = value === "N" ? record("not_applicable", null, ...name) : record("answered", Number(value), ...name);
  return pending;
};

document.addEventListener("change", ({ target }) => {
  if (target.name !== "answer" || target.form !== form()) return;
  const asking = document.getElementById("asking"); // the question about an empty item has its answer
  if (asking) asking.style.visibility = "hidden"; // it keeps its place, so that nothing moves
  choose(target.value);
});

document.addEventListener("submit", async (event) => {
  const { target, submitter } = event;
  if (target.id === "answer-form") {
    event.preventDefault();
    if (stepping) return;
    stepping = true;
    const go = (submitter || (button?.form === target && button))?.value || "next";
    const chosen = new FormData(target).get("answer");
    if (!whole) await Promise.race([loading, new Promise((late) => setTimeout(late, LONGEST_LOAD))]);
    await pending;
    if (whole) await goOn(go, chosen).finally(() => (stepping = false));
    else {
      stepping = false; // the page may come back from the browser's memory
      sendPlainly(target, "go", go);
    }
  } else if (target.id === "send") {
    event.preventDefault();
    if (stepping) return;
    stepping = true;
    if (!whole) await Promise.race([loading, new Promise((late) => setTimeout(late, LONGEST_LOAD))]);
    await finish(target).finally(() => (stepping = false));
  }
});

document.addEventListener("listened", () => heard.add(key()));

// Links to the screens that are here are followed here.
document.addEventListener("click", (event) => {
  button = event.target.closest("button") || button;
  const link = event.target.closest("a[href]");
  if (!link || !whole || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const { pathname, searchParams, origin } = new URL(link.href);
  const place = pathname.startsWith(`${root}/`) && pathname.slice(root.length + 1);
  if (!place || origin !== location.origin || searchParams.has("plain") || !screens.find(whole, place)) return;
  event.preventDefault();
  show(place, searchParams);
});

addEventListener("popstate", () => {
  const [, , , place] = /^\/p\/q\/(\d+)(\/(\w+))?/.exec(location.pathname) || [];
  if (whole && place && screens.find(whole, place)) show(place, new URLSearchParams(location.search), { record: "" });
  else location.reload();
});

const isOver = async () => {
  await phone.dropWhole(assessment_id);
  await queue.forgetProgress(assessment_id);
};

// Learns what the centre has; what waits here was said later.
const loadAnswers = async () => {
  touched.clear();
  const { ok, status, said } = await sync.ask(`${root}/answers`);
  if (status === 404 || status === 409) {
    await isOver();
    if (!waiting.size) location.replace(`${root}?plain`); // the receipt, or why it cannot be answered
    return;
  }
  if (!ok || said.owner !== owner) throw new Error("no answers");
  missed = false;
  phone.withdraw("answers_unknown");
  for (const [item, value] of Object.entries(said.answers)) if (!waiting.has(item) && !touched.has(item)) answers.set(item, value);
  queue.saveProgress(owner, assessment_id, Object.keys(said.answers));
};

// Learns it as soon as there is a network: the form of a kept page may have been sent meanwhile.
const learn = (wait = FIRST_WAIT) =>
  loadAnswers().catch(() => {
    clearTimeout(learning);
    learning = setTimeout(learnAgain, wait, Math.min(2 * wait, LONGEST_WAIT));
    return loadProgress();
  });

const learnAgain = async (wait) => {
  clearTimeout(learning);
  await learn(wait);
  if (current.place === "review" && !missed) show("review", current.params, { record: "", focus: false });
  else mark();
};

const loadQueue = async () => {
  const records = await queue.list(owner);
  const own = records.filter((one) => one.assessment_id === assessment_id && !one.aside);
  for (const { content } of own.filter((one) => !one.content.respondent)) {
    const item = `${content.instrument_code}:${content.item_number}`;
    if (touched.has(item)) continue; // this page knows it better
    const { state, value } = content;
    answers.set(item, state === "answered" ? String(value) : state === "not_applicable" ? "N" : state);
    if (!received.has(content.operation_id)) waiting.set(item, content.operation_id);
  }
  return own.some(({ content }) => content.respondent);
};

// The phone's store may open late.
addEventListener("storeopened", async () => {
  const locked = await loadQueue();
  if (locked && whole) show("sent", undefined, { record: "replace", focus: false });
  else mark();
});

const loadProgress = async () => {
  for (const item of await queue.loadProgress(owner, assessment_id)) if (!answers.has(item)) answers.set(item, "?");
  missed = true;
  if (!answers.size) phone.notify("answers_unknown"); // another device may have given some
};

const settle = async ({ items, outcomes, receipt }) => {
  for (const [operation_id, item] of Object.entries(items)) {
    received.add(operation_id);
    if (answers.has(item)) touched.add(item);
    if (waiting.get(item) === operation_id) waiting.delete(item);
  }
  let late = false;
  for (const { operation_id, outcome, elsewhere, stands } of outcomes) {
    const item = items[operation_id];
    late ||= outcome === "set_aside";
    if (!item || waiting.has(item)) continue;
    if (stands) {
      touched.add(item);
      answers.set(item, stands === "not_applicable" ? "N" : String(stands));
    }
    if (!elsewhere) continue;
    const number = item.split(":")[1];
    phone.notify(`elsewhere_${outcome}`, { fill: { number }, link: screens.address(whole, root, item) });
  }
  if (!waiting.size) unsent = false;
  if (receipt || late) {
    finished = true;
    await isOver();
    return location.replace(`${root}${receipt ? "/receipt" : "?plain"}${late ? "#late" : ""}`);
  }
  return mark();
};

sync.listen((event) => {
  const { kind, far, item, said, operation_id, why } = event;
  if (kind === "greeted" && event.session.owner !== owner) location.replace("/p/home"); // somebody else's page
  if (kind === "greeted" && missed && whole) learnAgain();
  if (kind === "unsent" || kind === "sign_in") {
    unsent = waiting.size > 0;
    describe();
  }
  if (event.assessment_id !== assessment_id) return;
  if (kind === "received") settle(event);
  if (kind === "refused" && why === "window_closed") location.replace(`${root}?plain`); // which says so
  if (kind === "tapped" && far) {
    const changed = item === key() && answers.has(item) && answers.get(item) !== said;
    answers.set(item, said);
    waiting.set(item, operation_id);
    touched.add(item);
    if (!event.kept) writing.add(operation_id); // only the other tab holds it: nothing can be promised here
    mark();
    if (changed) phone.notify("other_tab");
  }
});

// The whole document shows its own screen; a single page goes on as it came.
const begin = async () => {
  const early = !whole && form() && new FormData(form()).get("answer"); // tapped before this script was here
  if (early && early !== field("before").value) {
    const name = await nameAsForm(early === "N" ? "not_applicable:None" : `answered:${early}`);
    if (!pending) await choose(early, name); // unless something else was tapped by now
  }
  const locked = await loadQueue();
  if (!whole) {
    if (form() && field("before").value && !waiting.has(key())) answers.set(key(), field("before").value);
    read(await loadWhole());
    await learn();
    if (whole && locked) show("sent", undefined, { record: "" });
    else if (whole && current.place === "review") show("review", undefined, { record: "", focus: false });
    return mark();
  }
  const direct = !locked && first && screens.find(document, first);
  if (locked) show("sent", undefined, { record: "", focus: false });
  if (direct) show(first, current.params, { record: "", focus: false });
  const known = learn();
  const learned = await Promise.race([known.then(() => true), new Promise((late) => setTimeout(late, LONGEST_LOAD))]);
  if (!locked && !direct) {
    if (!learned) await loadProgress();
    show(screens.findOpen(document, answers), undefined, { record: "replace", focus: false });
  }
  await known;
  if (current.place === "review") show("review", undefined, { record: "", focus: false });
  phone.keepWhole(assessment_id).catch(() => {}); // for the next time
  return mark();
};
const loading = begin();
