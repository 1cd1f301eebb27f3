// Sends what waits on this phone, and says what became of it. Nothing is erased before the centre has it.
const { search } = new URL(import.meta.url);
const queue = await import(`./queue.js${search}`);

const FIRST_WAIT = 2000; // milliseconds
const LONGEST_WAIT = 60000;
const LONGEST_REPLY = 20000;
const LONGEST_LOCK = 45000; // milliseconds; a phone may have put a tab to sleep while it sent
const LARGEST_BATCH = 500;
const LARGEST_PARTING = 60000; // bytes that a browser still sends for a page that is being left
const REFUSALS = [400, 404, 409, 413, 422];

export class SignInNeeded extends Error {}

const heard = [];
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("questionnaire") : null;
let session = null;
let wait = FIRST_WAIT;
let timer = 0;
let running = null;
let again = false;
let lockedOut = 0; // since when another tab has been sending

// Has `tell` called with all that happens, here or in another tab.
export const listen = (tell) => heard.push(tell);

// Tells everybody on this page, and the other tabs where it matters to them.
export const announce = (event, elsewhere = true) => {
  for (const tell of heard) tell(event);
  if (elsewhere && channel) channel.postMessage(event);
};
if (channel) channel.onmessage = ({ data }) => announce({ ...data, far: true }, false);

// Asks the server as a program; raises where no reply comes in time.
export const ask = async (address, options = {}) => {
  const stop = new AbortController();
  const clock = setTimeout(() => stop.abort(), LONGEST_REPLY);
  try {
    const headers = { Accept: "application/json", ...options.headers };
    const reply = await fetch(address, { cache: "no-store", ...options, headers, signal: stop.signal });
    const said = await reply.json().catch(() => ({}));
    return { status: reply.status, ok: reply.ok && !reply.redirected, said };
  } finally {
    clearTimeout(clock);
  }
};

// Finds out who is signed in; whatever waits is only ever sent for that person.
export const greet = async () => {
  const { ok, status, said } = await ask("/p/sync");
  if (status === 401) throw new SignInNeeded();
  if (!ok || !said.owner) throw new Error("no greeting");
  session = said;
  announce({ kind: "greeted", session }, false);
  return session;
};

const post = (records) => {
  const [submission = null] = records.map(({ content }) => content).filter(({ respondent }) => respondent).slice(-1);
  const body = JSON.stringify({
    version: 1,
    owner: session.owner,
    assessment_id: records[0].assessment_id,
    device_now: new Date().toISOString(),
    operations: records.map(({ content }) => content).filter(({ respondent }) => !respondent),
    submission,
  });
  return ask("/p/operations", {
    method: "POST",
    keepalive: body.length < LARGEST_PARTING,
    headers: { "Content-Type": "application/json", "X-CSRFToken": session.csrf_token },
    body,
  });
};

const settle = async (records, { operation_ids, outcomes = [], receipt = null }) => {
  const [{ owner, assessment_id }] = records;
  const [items, late] = [{}, []];
  for (const record of records) {
    const { operation_id, content } = record;
    if (operation_ids.includes(operation_id) || (content.respondent && receipt))
      items[operation_id] = `${content.instrument_code}:${content.item_number}`;
    else if (content.respondent) late.push(record);
  }
  // Known as received before they are erased: a page may be left in between.
  if (!receipt) await queue.saveProgress(owner, assessment_id, Object.values(items));
  await queue.erase(Object.keys(items));
  for (const record of late) await refuse(record, "window_closed");
  announce({ kind: "received", assessment_id, items, outcomes, receipt });
};

const refuse = async (record, why) => {
  await queue.putAside(record, why + search);
  announce({ kind: "refused", assessment_id: record.assessment_id, why });
};

const findRefused = (records, { operation_id, place = "" }) => {
  const answers = records.filter(({ content }) => !content.respondent);
  const [, index] = /^operations\[(\d+)\]/.exec(place) || [];
  if (index) return answers[index];
  if (/^(submission|respondent)/.test(place)) return records.find(({ content }) => content.respondent);
  return records.find((record) => record.operation_id === operation_id);
};

// Delivers the records of one assessment. One that cannot be taken holds up no other.
const deliver = async (records, fresh = false) => {
  if (!records.length) return;
  const { ok, status, said } = await post(records);
  if (ok && said.status === "received") return settle(records, said);
  if (status === 401) throw new SignInNeeded();
  // What a proxy on the way says is no refusal, except that a batch is too large for it.
  if (!REFUSALS.includes(status) || !(said.error || status === 413)) throw new Error(`status ${status}`);
  if (!fresh) {
    await greet(); // the page may be older than the session
    return deliver(records.filter(({ owner }) => owner === session.owner), true);
  }
  const bad = findRefused(records, said);
  if (status === 400 && !bad && !said.place && !said.operation_id) throw new Error("refused for no answer's sake");
  if (bad || records.length === 1) {
    await refuse(bad || records[0], String(status));
    return deliver(records.filter((record) => record !== (bad || records[0])), true);
  }
  const half = records.length >> 1;
  await deliver(records.slice(0, half), true);
  return deliver(records.slice(half), true);
};

const sendAll = async () => {
  if (!session) await greet();
  // What another version of the app put aside is tried once more; what cannot be read cannot be sent.
  const records = await queue.list(session.owner);
  const waiting = records.filter(({ aside, content }) => !aside || (content.operation_id && !aside.endsWith(search)));
  for (const assessment_id of new Set(waiting.map((record) => record.assessment_id))) {
    const own = waiting.filter((record) => record.assessment_id === assessment_id);
    for (let from = 0; from < own.length; from += LARGEST_BATCH) await deliver(own.slice(from, from + LARGEST_BATCH));
  }
};

// Sends where no other tab does, or where that one has not come to an end for long.
const sendUnlessLocked = (lock) => {
  if (lock) lockedOut = 0;
  else lockedOut ||= performance.now();
  return lock || performance.now() - lockedOut > LONGEST_LOCK ? sendAll() : plan();
};

// One tab sends at a time, though the server takes each operation only once.
const sendAlone = () =>
  navigator.locks ? navigator.locks.request("questionnaire", { ifAvailable: true }, sendUnlessLocked) : sendAll();

const plan = () => {
  clearTimeout(timer);
  timer = setTimeout(send, wait);
  wait = Math.min(2 * wait, LONGEST_WAIT);
};

const attempt = async () => {
  clearTimeout(timer);
  again = false;
  try {
    do {
      again = false;
      await sendAlone();
    } while (again);
    wait = FIRST_WAIT;
  } catch (error) {
    const over = error instanceof SignInNeeded;
    if (over) session = null;
    announce({ kind: over ? "sign_in" : "unsent" }, false);
    plan();
  }
};

// Sends now what waits; a call while sending has it look once more.
export const send = () => {
  if (running) again = true;
  running ||= attempt().finally(() => {
    running = null;
    if (again) send(); // asked for in the last moment
  });
  return running;
};

// Begins to send: now, and whenever there may be a network again.
export const start = () => {
  const retry = () => {
    wait = FIRST_WAIT;
    send();
  };
  addEventListener("online", retry);
  addEventListener("storeopened", retry);
  addEventListener("pageshow", ({ persisted }) => persisted && retry());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && retry());
  return send();
};
