// Tells the centre how many answers have been on this phone for long, refused or not sent, and when none is any
// more; never which. It is loaded only where there is something to tell.
const { search } = new URL(import.meta.url);
const sync = await import(`./sync.js${search}`);

const REPORTED_AFTER = 24 * 60 * 60 * 1000; // milliseconds
let told = "";

const report = async (records) => {
  const now = Date.now();
  const old = records.filter(({ kept_at, content }) => !content.respondent && now - kept_at > REPORTED_AFTER);
  const refused = old.filter(({ aside }) => aside).length;
  const oldest = Math.min(now, ...old.map(({ kept_at }) => kept_at));
  const said = { waiting: old.length - refused, refused };
  const { csrf_token, owner, reported } = await sync.greet();
  if (records.some((record) => record.owner !== owner)) return;
  if (JSON.stringify(said) === told || (!old.length && !reported)) return;
  const { ok } = await sync.ask("/p/reports", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf_token },
    body: JSON.stringify({ ...said, oldest_s: Math.round((now - oldest) / 1000) }),
  });
  if (ok) told = JSON.stringify(said);
};

// It is only about what waits: without a network, or a session, it is told another time.
export const tell = (records) => report(records).catch(() => {});
