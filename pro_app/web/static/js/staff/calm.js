// After an outcome was recorded, another patient's line stands where the pointer is: the second half of a slow
// double click is none of that patient's. Without this script the page of the task says what was recorded.
(() => {
  const CALM = 700; // milliseconds: longer than the two halves of a double click are apart
  if (!document.querySelector("main > .notice")) return;
  let shown = performance.now();
  window.addEventListener("pageshow", () => {
    shown = performance.now();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.elements.task_key && performance.now() - shown < CALM) event.preventDefault();
  });
})();
