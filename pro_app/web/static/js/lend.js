// Before a tablet is lent: takes the participants' app out of this browser, so that nothing that it kept can show
// on it, and finds out whether answers of somebody still wait here. Those stay, sealed, until they are received.
const form = document.getElementById("lend");

const isEmpty = async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  if (!names.includes("questionnaires")) return true;
  const database = await new Promise((done, failed) => {
    const opening = indexedDB.open("questionnaires");
    opening.onsuccess = () => done(opening.result);
    opening.onerror = failed;
  });
  if (!database.objectStoreNames.contains("operations")) return true;
  const count = await new Promise((done, failed) => {
    const asked = database.transaction("operations").objectStore("operations").count();
    asked.onsuccess = () => done(asked.result);
    asked.onerror = failed;
  });
  database.close();
  return count === 0;
};

const prepare = async () => {
  for (const one of (await navigator.serviceWorker?.getRegistrations()) || []) await one.unregister();
  if ("caches" in window) for (const name of await caches.keys()) await caches.delete(name);
  form.elements.namedItem("nothing_waits").value = (await isEmpty()) ? "1" : "";
};

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  await prepare().catch(() => {}); // the server then spares the storage
  form.submit();
});
