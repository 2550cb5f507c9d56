// Runs once for every drawn part: `element` is the part, `trigger` reports to the server.
// Parts are redrawn in place, so listeners sit on the element and look for data- attributes on what was hit.
const send = (name, detail) => trigger(name, detail);
if (element.closest("#documents")) {
  window.ahnReport = send; // page.js reports uploads and keys through the document column
}
const act = (button) => {
  if (!button || button.disabled) return;
  if (window.ahnPage?.handles(button.dataset.action, button)) return;
  const field = button.dataset.field && element.querySelector(button.dataset.field);
  send("click", { ...button.dataset, ...(field ? { value: field.value } : {}) });
  window.ahnPage?.after(button.dataset.action);
};
const buttonOf = (event) => event.target.closest("[data-action]");
element.addEventListener("click", (event) => act(buttonOf(event)));
// A redraw between press and release takes the pressed button away, and then no click comes: the button drawn in its
// place, about the same thing, counts as the one that was pressed.
let pressed;
element.addEventListener("pointerdown", (event) => {
  pressed = buttonOf(event);
});
element.addEventListener("pointerup", (event) => {
  const button = buttonOf(event);
  const redrawn = pressed && button && !pressed.isConnected;
  if (redrawn && JSON.stringify(pressed.dataset) === JSON.stringify(button.dataset)) act(button);
  pressed = undefined;
});
element.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-enter]");
  if (!field) return;
  const action = { Enter: field.dataset.enter, Escape: field.dataset.escape }[event.key];
  if (!action || event.shiftKey || event.isComposing) return;
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
