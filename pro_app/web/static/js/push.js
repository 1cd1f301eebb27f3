// Switches notifications on after a tap, never by itself; a browser whose address changed gives the new one.
(async () => {
  const box = document.getElementById("push");
  const { serviceWorker } = navigator;
  const [on, off] = ["off", "on"].map((state) => box.querySelector(`form[data-push=${state}]`));
  const show = (...states) => {
    for (const part of box.querySelectorAll("[data-push]")) part.hidden = !states.includes(part.dataset.push);
  };
  const key = Uint8Array.from(atob(box.dataset.key.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const known = box.dataset.known.split(" ");
  const MARK = "push"; // the digest of the address that this browser gave last

  const digest = async ({ endpoint }) => {
    const raw = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
    return Array.from(new Uint8Array(raw), (b) => b.toString(16).padStart(2, "0")).join("");
  };
  const isOurs = ({ options }) => String(new Uint8Array(options.applicationServerKey || [])) === String(key);
  const subscribe = async () => {
    await serviceWorker.register("/sw.js");
    const { pushManager } = await serviceWorker.ready;
    const found = await pushManager.getSubscription();
    if (found && isOurs(found)) return found;
    if (found) await found.unsubscribe(); // made for a key that the app no longer has
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  };
  const fill = async (subscription) => {
    on.elements.subscription.value = JSON.stringify(subscription);
    localStorage.setItem(MARK, await digest(subscription));
  };

  if (!(serviceWorker && "PushManager" in window && "Notification" in window)) {
    const { userAgent, maxTouchPoints, standalone } = navigator;
    const apple = /iPhone|iPad/.test(userAgent) || (/Mac/.test(userAgent) && maxTouchPoints > 1);
    return show(apple && !standalone ? "ios" : "unsupported");
  }

  on.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const said = await Notification.requestPermission();
      if (said !== "granted") return show(said === "denied" ? "denied" : "off");
      await fill(await subscribe());
      on.submit();
    } catch {
      show("failed", "off");
    }
  });

  off.addEventListener("submit", async (event) => {
    event.preventDefault();
    const registered = await serviceWorker.getRegistration("/");
    const found = registered && (await registered.pushManager.getSubscription());
    off.elements.endpoint.value = found ? found.endpoint : "";
    if (found) await found.unsubscribe();
    localStorage.removeItem(MARK);
    off.submit();
  });

  if (Notification.permission === "denied") {
    show("denied");
  } else if (Notification.permission === "granted" && known.includes(localStorage.getItem(MARK))) {
    try {
      const now = await subscribe();
      if (!known.includes(await digest(now))) {
        await fill(now);
        const body = new FormData(on);
        body.append("quiet", "1");
        await fetch(on.action, { method: "POST", body });
      }
      show("on");
    } catch {
      show("failed", "off");
    }
  } else {
    show("off");
  }
})();
