// What is typed at an enrolment is checked as one goes: the server says at each field what it will refuse and what
// is worth a look. Without this script, or without a network, the form says all of it when it is sent.
(() => {
  const form = document.querySelector("form[data-check]");
  if (!form) return;
  const PATIENCE = 350; // milliseconds after the last key
  const places = [...form.querySelectorAll("[data-live]")];
  let waiting;
  let asked = 0;

  const tell = (place, found) => {
    const field = form.elements.namedItem(place.dataset.live);
    const words = found.map((line) => line.textContent.trim()).join(" ");
    if (place.textContent.trim() === words) return; // said once, not at every key
    place.replaceChildren(...found);
    const refused = found.some((line) => line.classList.contains("field-error"));
    if (refused) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  };

  const check = async () => {
    const number = ++asked;
    const said = new URLSearchParams();
    for (const { dataset } of places) {
      const field = form.elements.namedItem(dataset.live);
      if (field.dataset.touched && field.value) said.set(dataset.live, field.value);
    }
    let page;
    try {
      const answer = await fetch(`${form.dataset.check}?${said}`, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return; // the form says it when it is sent
    }
    if (number !== asked) return; // a later key was faster
    for (const place of places) tell(place, [...page.querySelectorAll(`[data-place="${place.dataset.live}"]`)]);
  };

  for (const { dataset } of places) {
    const field = form.elements.namedItem(dataset.live);
    field.addEventListener("input", () => {
      field.dataset.touched = "yes";
      const old = document.getElementById(`${field.id}-error`);
      if (old) old.hidden = true; // it spoke of what stood here before
      clearTimeout(waiting);
      waiting = setTimeout(check, PATIENCE);
    });
  }
})();
