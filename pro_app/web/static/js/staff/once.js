// A form is sent once: of a double click the second half would get the answer, and the first one's is lost.
// Without this script the server answers the second one so that nobody is left outside.
(() => {
  const PATIENCE = 10000; // milliseconds after which it can be sent again, where no answer has come
  const forms = [...document.querySelectorAll("form[data-once]")];
  const open = (form) => {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = false;
  };
  const shut = (form) => {
    for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true;
    setTimeout(() => open(form), PATIENCE);
  };
  for (const form of forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      setTimeout(() => shut(form)); // only now, since a button that is off does not send its own value
    });
  }
  // Whoever comes back to the page finds the form as it was.
  window.addEventListener("pageshow", () => forms.forEach(open));
})();
