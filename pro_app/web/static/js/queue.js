// What waits on this phone until the centre has it: sealed with a key that no script can read, and erased
// once it is received. Nothing in here ever expires.
const DATABASE = "questionnaires";
const RECORD = 1; // the form of a record; an app that comes later still reads this one
const KEY = { name: "AES-GCM", length: 256 };

// A tablet of the site that is lent to somebody keeps nothing at all.
const place = globalThis.document?.getElementById("phone");
const mayKeep = place?.dataset.keeps !== "nothing";

const LONGEST_OPEN = 5000; // milliseconds; it may neither open nor fail

let opening = null;
let leave = () => {};
let ready = false;
let stuck = false;
let blocked = false;
let counter = 0;
let counting = "";
let counted = false;
const memory = new Map(); // where nothing can be stored: only until this page is left

const open = () => {
  if (!mayKeep) return Promise.reject(new Error("nothing is kept here"));
  if (stuck) return Promise.reject(new Error("late"));
  opening ||= new Promise((resolve, reject) => {
    setTimeout(() => {
      stuck = !ready;
      reject(new Error("late"));
    }, LONGEST_OPEN);
    const request = indexedDB.open(DATABASE, 1);
    leave = () => request.transaction?.abort();
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys");
      request.result.createObjectStore("operations", { keyPath: "operation_id" });
      request.result.createObjectStore("progress");
    };
    request.onsuccess = () => {
      const database = request.result;
      const late = stuck;
      ready = true;
      stuck = false;
      if (late) {
        opening = Promise.resolve(database);
        keepHeld().finally(() => dispatchEvent(new Event("storeopened"))); // with all that waits in it
      }
      database.onclose = () => (opening = null);
      database.onversionchange = () => {
        database.close(); // a newer app opens it in another tab
        opening = null;
      };
      resolve(database);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
  return opening;
};

// In WebKit a page that is left while it makes the store would hold it shut for the next one.
addEventListener("pagehide", () => {
  try {
    if (!ready) leave();
  } catch {
    // It was made in this very moment.
  }
});

// Begins a transaction, anew where an iPhone dropped the connection of a page in the background.
const begin = async (...how) => {
  try {
    return (await open()).transaction(...how);
  } catch {
    opening = null;
    return (await open()).transaction(...how);
  }
};

// Runs one transaction and is done when it is on the disk, not before.
const run = async (stores, mode, act) => {
  const transaction = await begin(stores, mode, { durability: "strict" });
  return new Promise((resolve, reject) => {
    const request = act(...[stores].flat().map((name) => transaction.objectStore(name)));
    transaction.oncomplete = () => resolve(request && request.result);
    transaction.onabort = () => reject(transaction.error || new Error("aborted"));
  });
};

const findKey = (owner) => run("keys", "readonly", (keys) => keys.get(owner));

const loadKey = async (owner) => {
  const found = await findKey(owner);
  if (found) return found;
  const made = await crypto.subtle.generateKey(KEY, false, ["encrypt", "decrypt"]);
  await run("keys", "readwrite", (keys) => keys.add(made, owner)).catch(() => {}); // another tab did
  return findKey(owner);
};

const bind = (...parts) => new TextEncoder().encode(JSON.stringify(parts));

const seal = async (owner, content, bound) => {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const how = { name: KEY.name, iv, additionalData: bound };
  const clear = new TextEncoder().encode(JSON.stringify(content));
  return { iv, sealed: await crypto.subtle.encrypt(how, await loadKey(owner), clear) };
};

const unseal = async (key, { iv, sealed }, bound) => {
  const how = { name: KEY.name, iv, additionalData: bound };
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, await key, sealed)));
};

// Tells apart taps that overtake each other: a counter that rises from the seconds of the clock, and a random name
// of the storage it rises in.
export const count = () => {
  let name = counting;
  try {
    const [kept, known] = mayKeep && localStorage.counter ? localStorage.counter.split(" ") : [];
    if (known) [counter, name] = [Math.max(counter, Number(kept) || 0), known];
  } catch {
    // Without storage it rises on this page only.
  }
  counting = name ||= place?.dataset.countedBy || makeId();
  // What the storage has may be some taps old where the browser was killed.
  counter = Math.max(Math.floor(Date.now() / 1000), counter + (counted ? 1 : 100));
  counted = true;
  if (counter >= 2 ** 31) counter = 0; // a clock set far ahead: uncounted rather than refused
  try {
    if (mayKeep) localStorage.counter = `${counter} ${name}`;
  } catch {
    // As above.
  }
  return { counter, counted_by: name };
};

// Makes a UUID, also where a browser has no `randomUUID` (before 2021, or without TLS).
export const makeId = () => {
  if (crypto.randomUUID) return crypto.randomUUID();
  return writeId(crypto.getRandomValues(new Uint8Array(16)), 4);
};

const writeId = (bytes, version) => {
  bytes[6] = (bytes[6] & 0x0f) | (version << 4);
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

// Makes the UUID of a name within another UUID (version 5), as the server does.
export const nameWithin = async (space, name) => {
  const bytes = space.match(/[0-9a-f]{2}/g).map((hex) => parseInt(hex, 16));
  const text = Uint8Array.from([...bytes, ...new TextEncoder().encode(name)]);
  return writeId(new Uint8Array(await crypto.subtle.digest("SHA-1", text)).slice(0, 16), 5);
};

// Whether this browser refused to store something.
export const isBlocked = () => blocked;

// Whether leaving the page would lose something: nothing else holds it.
export const isAtRisk = () => memory.size > 0;

// Keeps one operation; gives whether it is on the disk. Otherwise it lives as long as this page.
export const add = async (owner, assessment_id, content) => {
  const { operation_id } = content;
  const record = { operation_id, v: RECORD, owner, assessment_id, kept_at: Date.now(), aside: "" };
  try {
    const { iv, sealed } = await seal(owner, content, bind(owner, assessment_id, operation_id));
    await run("operations", "readwrite", (operations) => operations.put({ ...record, iv, sealed }));
    return true;
  } catch {
    blocked = true;
    memory.set(operation_id, { ...record, content });
    return false;
  }
};

// Keeps what only this page held, once the store has opened after all.
const keepHeld = async () => {
  blocked = false;
  for (const [operation_id, { owner, assessment_id, content, aside }] of [...memory])
    if (!aside && (await add(owner, assessment_id, content))) memory.delete(operation_id);
};

// Lists the records of a person, each with its content, in the order of the taps.
export const list = async (owner) => {
  let stored = [];
  try {
    stored = await run("operations", "readonly", (operations) => operations.getAll());
  } catch {
    blocked = true;
  }
  const readable = stored.filter((record) => record.owner === owner && record.v <= RECORD);
  const key = readable.length && loadKey(owner); // once for all of them: there may be thousands
  const read = async (record) => {
    try {
      const bound = bind(owner, record.assessment_id, record.operation_id);
      return { ...record, content: await unseal(key, record, bound) };
    } catch {
      return { ...record, aside: "unreadable", content: {} }; // kept all the same: it is shown as not received
    }
  };
  const own = await Promise.all(readable.map(read));
  const kept = [...memory.values()].filter((record) => record.owner === owner);
  return [...own, ...kept].sort((a, b) => (a.content.counter || 0) - (b.content.counter || 0) || a.kept_at - b.kept_at);
};

// Erases what was received.
export const erase = async (operation_ids) => {
  for (const operation_id of operation_ids) memory.delete(operation_id);
  const remove = (operations) => operation_ids.forEach((id) => operations.delete(id));
  await run("operations", "readwrite", remove).catch(() => {}); // it is sent once more, and erased then
};

// Puts aside what the server cannot take; it stays on the phone.
export const putAside = async ({ operation_id }, why) => {
  const held = memory.get(operation_id);
  if (held) held.aside = why;
  else
    await run("operations", "readwrite", (operations) => {
      const request = operations.get(operation_id);
      request.onsuccess = () => request.result && operations.put({ ...request.result, aside: why });
    });
};

let saving = Promise.resolve(); // one call after the other: each adds to what is there

// Remembers, without the answers themselves, about which items something was received.
export const saveProgress = (owner, assessment_id, items) => {
  const save = async () => {
    const known = new Set([...(await loadProgress(owner, assessment_id)), ...items]);
    const record = { owner, ...(await seal(owner, [...known], bind(owner, assessment_id))) };
    await run("progress", "readwrite", (progress) => progress.put(record, assessment_id));
  };
  return (saving = saving.then(save).catch(() => {})); // it only helps to go on at the right place offline
};

export const loadProgress = async (owner, assessment_id) => {
  try {
    const record = await run("progress", "readonly", (progress) => progress.get(assessment_id));
    return record && record.owner === owner ? await unseal(loadKey(owner), record, bind(owner, assessment_id)) : [];
  } catch {
    return [];
  }
};

// Forgets one assessment's progress.
export const forgetProgress = (assessment_id) =>
  run("progress", "readwrite", (progress) => progress.delete(assessment_id)).catch(() => {});

// Erases everything of one person, the key with it.
export const forget = async (owner) => {
  for (const [id, record] of memory) if (record.owner === owner) memory.delete(id);
  await run(["operations", "progress", "keys"], "readwrite", (operations, progress, keys) => {
    for (const store of [operations, progress])
      store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        if (cursor.value.owner === owner) cursor.delete();
        cursor.continue();
      };
    keys.delete(owner);
  }).catch(() => {});
};
