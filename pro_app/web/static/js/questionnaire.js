// Sends each choice at once and says in words whether it arrived. "Next" sends the same operation again,
// so that nothing depends on this script.
(() => {
  const form = document.getElementById("answer-form");
  const state = document.getElementById("save-state");
  if (!form || !state || !window.crypto || !crypto.randomUUID) return;
  const field = (name) => form.elements.namedItem(name); // `elements.item` is a method of the list
  let latest = "";

  const say = (kind, words) => {
    state.dataset.state = kind;
    state.querySelector("span").textContent = words;
  };

  // The counter tells apart taps that overtake each other on the way; it only has to rise on this device.
  // It counts from the seconds of the clock, so that it goes on rising where the storage was emptied.
  let counter = 0;
  const next = () => {
    try {
      counter = Math.max(counter, Number(localStorage.counter) || 0);
    } catch {
      // Without storage the clock alone makes it rise from page to page.
    }
    counter = Math.max(Math.floor(Date.now() / 1000), counter + 1);
    if (counter >= 2 ** 31) counter = 0; // a clock set far ahead: uncounted rather than refused
    try {
      localStorage.counter = counter;
    } catch {
      // As above.
    }
    return counter;
  };

  form.addEventListener("change", async (event) => {
    if (event.target.name !== "answer") return;
    const chosen = event.target.value;
    const asking = document.getElementById("asking"); // the question about an empty item has its answer
    if (asking) asking.style.visibility = "hidden"; // it keeps its place, so that nothing moves
    const operation = {
      operation_id: crypto.randomUUID(),
      instrument_code: field("instrument").value,
      item_number: Number(field("item").value),
      state: chosen === "N" ? "not_applicable" : "answered",
      value: chosen === "N" ? null : Number(chosen),
      counter: next(),
      device_at: new Date().toISOString(),
      device_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    latest = operation.operation_id;
    field("operation_id").value = latest;
    field("counter").value = operation.counter;
    let arrived = false;
    try {
      const reply = await fetch(form.dataset.operations, {
        method: "POST",
        keepalive: true,
        headers: { "Content-Type": "application/json", "X-CSRFToken": field("csrf_token").value },
        body: JSON.stringify({ assessment_id: Number(form.dataset.assessment), operations: [operation] }),
      });
      arrived = reply.ok;
    } catch {
      arrived = false;
    }
    if (latest !== operation.operation_id) return;
    if (arrived) say("received", state.dataset.received);
    else say("unsent", form.dataset.unsent);
  });
})();
