// The lock page stands in for whatever the browser would show out of its memory.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
