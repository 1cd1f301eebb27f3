// Asks the browser for a passkey and puts its answer into the form, which is then sent like any other.
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const toBytes = (text) => {
    const plain = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(plain), (sign) => sign.charCodeAt(0));
  };
  const toText = (bytes) => {
    const signs = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
    return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const name = (known) => ({ ...known, id: toBytes(known.id) });

  const ask = async (options, kind) => {
    const publicKey = { ...options, challenge: toBytes(options.challenge) };
    if (kind === "prove") {
      publicKey.allowCredentials = options.allowCredentials.map(name);
      return navigator.credentials.get({ publicKey });
    }
    publicKey.user = { ...options.user, id: toBytes(options.user.id) };
    publicKey.excludeCredentials = (options.excludeCredentials || []).map(name);
    return navigator.credentials.create({ publicKey });
  };

  const write = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature"]) {
      if (credential.response[part]) response[part] = toText(credential.response[part]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      clientExtensionResults: {},
      response,
    });
  };

  const begin = async (form, say) => {
    let answer;
    try {
      answer = await fetch(form.dataset.options, { method: "POST", body: new FormData(form) });
    } catch {
      return say("offline");
    }
    if (!answer.ok) {
      const isOurs = answer.headers.get("Content-Type")?.includes("json");
      return isOurs ? say("", (await answer.json()).words) : say("offline");
    }
    try {
      const credential = await ask(await answer.json(), form.dataset.passkey);
      form.elements.answer.value = write(credential);
    } catch {
      return say("cancelled");
    }
    // What the password was needed for is done: it is not sent once more.
    if (form.elements.current_password) form.elements.current_password.value = "";
    form.submit();
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const place = form.querySelector("[data-passkey-words]");
    const button = form.querySelector("button[type=submit]");
    const say = (reason, words) => {
      place.textContent = words || place.dataset[reason];
      button.disabled = false;
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (button.disabled) return;
      if (!form.reportValidity()) return;
      place.textContent = "";
      button.disabled = true;
      begin(form, say);
    });
  }
  for (const place of document.querySelectorAll("[data-passkey-missing]")) place.hidden = true;
})();
