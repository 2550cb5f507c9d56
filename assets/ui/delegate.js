// Runs once for every drawn part: `element` is the part, `trigger` reports to the server.
// Parts are redrawn in place, so listeners sit on the element and look for data- attributes on what was hit.
const send = (name, detail) => trigger(name, detail);
if (element.querySelector('[data-action="pick-files"]')) {
  window.ahnReport = send; // page.js reports uploads and keys through the document column
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (!button || button.disabled) return;
  if (window.ahnPage?.handles(button.dataset.action)) return;
  send("click", { ...button.dataset });
  window.ahnPage?.after(button.dataset.action);
});
element.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-enter]");
  if (!field) return;
  const action = { Enter: field.dataset.enter, Escape: field.dataset.escape }[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  send("click", { ...field.dataset, action, value: field.value });
});
let waiting;
element.addEventListener("input", (event) => {
  const field = event.target.closest("[data-input]");
  if (!field) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => send("click", { action: field.dataset.input, value: field.value }), 120);
});
