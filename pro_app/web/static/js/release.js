// Asks how far a release is and says so in words; the page is loaded once more when its state changes.
// Asking does not keep the session alive. Without this script "Look again" does the same.
(() => {
  const EVERY = 3000; // milliseconds
  const FOR_AT_MOST = 30 * 60 * 1000;
  const waiting = document.getElementById("waiting");
  const words = document.getElementById("progress-words");
  if (!waiting || !words) return;
  const bar = waiting.querySelector("progress");
  const started = Date.now();

  const ask = async () => {
    if (Date.now() - started > FOR_AT_MOST) return;
    try {
      const reply = await fetch(waiting.dataset.ask, { headers: { Accept: "application/json" } });
      if (!reply.ok) return; // signed out, or gone: nothing more to hear
      const now = await reply.json();
      if (now.state !== waiting.dataset.state) {
        location.reload();
        return;
      }
      // Only what changed is written, so that nothing is read aloud twice.
      if (words.textContent !== now.words) words.textContent = now.words;
      if (bar) {
        bar.max = now.total || 1;
        bar.value = now.done;
      }
    } catch {
      // The network comes and goes; the next time may do better.
    }
    setTimeout(ask, EVERY);
  };
  setTimeout(ask, EVERY);
})();
