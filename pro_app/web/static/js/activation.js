// Moves the token of a scanned card from the address into the form and out of the address bar.
// Nothing is sent: that takes a tap by a human.
(() => {
  const token = location.hash.slice(1);
  const field = document.getElementById("token");
  if (!token || !field) return;
  history.replaceState(null, "", location.pathname);
  field.value = token;
  document.getElementById("typed").hidden = true;
  document.getElementById("scanned").hidden = false;
})();
