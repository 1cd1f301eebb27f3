// Shows each push as a notification; a tap on it opens the app at its bare address.
addEventListener("push", (event) => {
  let sent = {};
  try {
    sent = event.data.json();
  } catch {
    // Nothing readable came: browsers still want to see a notification for every push.
  }
  const shown = { body: sent.body || "", data: { url: sent.url }, icon: "/static/img/icon.svg" };
  event.waitUntil(registration.showNotification(sent.title || "Questionnaires", shown));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = event.notification.data || {};
  // Only ever an address of this app, whatever was sent.
  const own = url && new URL(url, location).origin === location.origin ? url : "/";
  event.waitUntil(
    clients.matchAll({ type: "window" }).then(([open]) => (open ? open.focus() : clients.openWindow(own))),
  );
});
