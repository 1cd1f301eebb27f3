// Moves the token of a scanned card from the address into the form and out of the address bar.
// Nothing is sent: that takes a tap by a human.
(() => {
  const read = () => {
    const token = location.hash.slice(1);
    const field = document.getElementById("token");
    if (!/^[\w-]{20,}$/.test(token) || !field) return; // "#main", where the skip link leads, is no token
    history.replaceState(null, "", location.pathname);
    field.value = token;
    document.getElementById("typed").hidden = true;
    document.getElementById("scanned").hidden = false;
  };
  read();
  addEventListener("hashchange", read); // a card that is scanned while this very page is open
})();
