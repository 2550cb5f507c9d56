// Redraws a part in place: what has not changed stays the very same element, so that focus, a selection, a caret, what is
// typed, an open fold and a pressed button survive a redraw.

export function morph(place, html) {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  children(place, wanted.content);
}

function children(here, wanted) {
  const old = [...here.childNodes];
  let next = 0;
  for (const node of [...wanted.childNodes]) {
    // The next old node that can become this one; those skipped on the way have gone.
    const found = old.findIndex((candidate, index) => index >= next && alike(candidate, node));
    if (found < 0) {
      here.insertBefore(node, old[next] ?? null);
      continue;
    }
    for (; next < found; next += 1) old[next].remove();
    become(old[found], node);
    next = found + 1;
  }
  for (; next < old.length; next += 1) old[next].remove();
}

function alike(old, wanted) {
  if (old.nodeType !== wanted.nodeType || old.nodeName !== wanted.nodeName) return false;
  if (old.nodeType !== Node.ELEMENT_NODE) return true;
  return old.id === wanted.id && key(old) === key(wanted);
}

// What a redrawn element is about: a button for one document must not become that for another while it is pressed.
function key(element) {
  const { action, documentId, chatId, turn, importId, document, page, encoding, picture, way, id } = element.dataset;
  return [action, documentId, chatId, turn, importId, document, page, encoding, picture, way, id].join(" ");
}

function become(old, wanted) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue;
    return;
  }
  if (old.isEqualNode(wanted) || wanted.dataset?.kept !== undefined) return; // a script has filled it
  const kept = old.nodeName === "DETAILS" ? "open" : undefined; // the reader's own
  for (const { name } of [...old.attributes]) {
    if (!wanted.hasAttribute(name) && name !== kept) old.removeAttribute(name);
  }
  for (const { name, value } of [...wanted.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.nodeName === "TEXTAREA") {
    if (document.activeElement !== old && old.value !== wanted.value) old.value = wanted.value;
    return;
  }
  if (old.nodeName === "INPUT" && document.activeElement !== old && wanted.hasAttribute("value")) old.value = wanted.value;
  children(old, wanted);
}
