// What the browser does by itself: side panels, colours, keyboard, clicks. No library, no request off this server.
import { focusBox, leaveChat, show } from "./box.js";
import { pickChats } from "./chats.js";
import { picker } from "./files.js";
import { showLibrary } from "./library.js";
import { connect, fillPlaces, send } from "./live.js";
import { showModels } from "./models.js";
import { openedFrom, readerActions, readerIsOpen } from "./reader.js";
import { words } from "./words.js";

const body = document.body;
body.dataset.dropHere = words.drop_here; // shown by the style
const narrow = { left: "(max-width: 760px)", right: "(max-width: 1080px)" };

// ---- side panels: columns where there is room, drawers over the chat where there is not ----
const isNarrow = (side) => matchMedia(narrow[side]).matches;
function toggle(side, open) {
  const drawer = isNarrow(side);
  const name = drawer ? `${side}-open` : `${side}-folded`;
  const on = body.classList.toggle(name, open === undefined ? undefined : drawer ? open : !open);
  if (!drawer) return;
  if (on) {
    body.classList.remove(side === "left" ? "right-open" : "left-open");
    document.getElementById(side).querySelector("button:not([disabled]), input")?.focus();
  } else focusOn(`[data-action=toggle-${side}]`);
}
const closeDrawers = () => {
  const side = ["left", "right"].find((one) => body.classList.contains(`${one}-open`));
  const inside = side && document.getElementById(side).contains(document.activeElement);
  body.classList.remove("left-open", "right-open");
  if (inside) focusOn(`[data-action=toggle-${side}]`); // not into what is hidden now
  return Boolean(side);
};

// ---- colours ----
function applyTheme() {
  const chosen = localStorage.getItem("ahn-theme");
  if (chosen) body.classList.toggle("dark", chosen === "dark");
}
function toggleTheme() {
  localStorage.setItem("ahn-theme", body.classList.contains("dark") ? "light" : "dark");
  applyTheme();
}
// The page framework sets the system's colours when it starts; a choice made here comes after.
new MutationObserver(applyTheme).observe(body, { attributes: true, attributeFilter: ["class"] });
applyTheme();

// ---- actions that need no server ----
const local = {
  "toggle-left": () => toggle("left"),
  "toggle-right": toggleRight,
  "toggle-theme": toggleTheme,
  "toggle-shortcuts": () => body.classList.toggle("shortcuts-open"),
  "pick-files": () => picker.click(),
  copy: (button) => copy(button, button.dataset.text),
  "copy-all": (button) => copy(button, conversation()),
  "show-library": showLibrary,
  "show-models": showModels,
  "pick-chats": pickChats,
  "show-settings": () => document.getElementById("settings-tab-button")?.click(),
  ...readerActions,
};
// Where the reader stands in the memory's place, the memory comes back when the reader goes.
function toggleRight() {
  if (!readerIsOpen() || isNarrow("right") || matchMedia("(min-width: 1700px)").matches) return toggle("right");
  send("close-reader");
  toggle("right", true);
}
// After each, the focus goes where work goes on.
const CHAT_STOP = ".chats [data-arrows] [tabindex='0']";
const focusOn = (selector) => document.querySelector(selector)?.focus();
const afterwards = {
  "open-chat": leaveFor,
  "new-chat": () => {
    leaveChat();
    toChat();
  },
  "ask-delete": () => focusSoon(".entry.asking .danger"),
  "cancel-delete": () => focusSoon(CHAT_STOP),
  "delete-chat": () => focusSoon(CHAT_STOP),
  "rename-chat": () => focusSoon(CHAT_STOP),
  "cancel-rename": () => focusSoon(CHAT_STOP),
  "ask-delete-document": () => focusSoon(".library-row.asking .danger"),
  "delete-document": () => focusSoon("#library-search"),
  "keep-document": () => focusSoon("#library-search"),
  "rename-document": () => focusSoon("#library-search"),
  "cancel-rename-document": () => focusSoon("#library-search"),
  "ask-free-space": () => focusSoon(".disk-use .danger"),
  "free-space": () => focusSoon("#library-search"),
  "keep-readings": () => focusSoon("#library-search"),
  "ask-rename": () => focusSoon(".rename"),
  "ask-rename-document": () => focusSoon(".library-row .rename"),
  "open-page": closeDrawers,
  "choose-encoding": () => focusSoon(".choice"),
  "edit-question": () => focusSoon(".edit-question"),
  "ask-delete-turn": () => focusSoon(".asking-turn .danger"),
  "delete-turn": focusBox,
  "keep-turn": focusBox,
  "choose-version": ({ dataset }) => keepFocus(`[data-turn="${dataset.turn}"] [data-way="${dataset.way}"]`),
  "save-edit": focusBox,
  ask: focusBox,
  "add-sample": focusBox,
  "cancel-edit": focusBox,
  stop: focusBox,
};
function leaveFor(button) {
  if (button.closest("[data-open]")?.dataset.open !== button.dataset.chatId) leaveChat();
  toChat();
}
function toChat() {
  closeDrawers();
  document.getElementById("chat-tab-button")?.click();
  atEnd = true;
  focusSoon("#ask-text");
}
// What gets the focus may have to be drawn first; who has gone elsewhere in the meantime is left there.
function focusSoon(selector, from = document.activeElement, tries = 60) {
  const { activeElement } = document;
  if (activeElement !== from && activeElement !== body) return;
  const field = document.querySelector(selector);
  field?.focus(); // which does nothing while its tab is still hidden
  if (field && document.activeElement === field) {
    if (selector !== "#ask-text") field.select?.();
  } else if (tries) requestAnimationFrame(() => focusSoon(selector, from, tries - 1));
}

// Another version of a turn may be drawn anew, in another part of the page: who pressed the button goes on with the new
// one, and sees it.
let focusKept = { until: 0 };
function keepFocus(selector) {
  focusKept = { selector, until: performance.now() + 2000 };
  atEnd = false;
}
function giveFocusBack(transcript) {
  if (performance.now() > focusKept.until) return;
  if (document.activeElement === body) document.querySelector(focusKept.selector)?.focus();
  atEnd = transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < 60;
}

// ---- clicks and keys on what the server has drawn: `data-action` says what, the other data- entries about what ----
function act(button) {
  const { action, field } = button.dataset;
  if (Object.hasOwn(local, action)) return local[action](button);
  if (action === "clear-chat" && !armed(button)) return;
  if (action === "open-page") openedFrom(button);
  const typed = field && document.querySelector(field);
  send(action, { ...button.dataset, ...(typed ? { value: typed.value } : {}) });
  afterwards[action]?.(button);
}
const buttonOf = (event) => {
  const button = event.target.closest?.("[data-action]");
  return button && !button.disabled && button.ariaDisabled !== "true" ? button : null;
};
addEventListener("click", (event) => {
  const button = buttonOf(event);
  if (button) act(button);
});
// A redraw between press and release takes the pressed button away, and then no click comes: the button drawn in its
// place, about the same thing, counts as the one that was pressed.
let pressed;
addEventListener("pointerdown", (event) => (pressed = buttonOf(event)), true);
addEventListener(
  "pointerup",
  (event) => {
    const button = buttonOf(event);
    const redrawn = pressed && button && !pressed.isConnected;
    if (redrawn && JSON.stringify(pressed.dataset) === JSON.stringify(button.dataset)) act(button);
    pressed = undefined;
  },
  true,
);
addEventListener("keydown", (event) => {
  const field = event.target.closest?.("[data-enter]");
  if (!field || event.shiftKey || event.isComposing) return;
  const action = { Enter: field.dataset.enter, Escape: field.dataset.escape }[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  send(action, { ...field.dataset, value: field.value });
  afterwards[action]?.(field);
});
// The whole page is drawn anew in another language; what is being typed stays.
addEventListener("change", ({ target }) => {
  if (target.id !== "page-language") return;
  const year = 365 * 24 * 3600;
  document.cookie = `ahn_language=${target.value}; path=/; max-age=${target.value ? year : 0}; samesite=strict`;
  location.reload();
});
let typing;
addEventListener("input", (event) => {
  const field = event.target.closest?.("[data-input]");
  if (!field) return;
  clearTimeout(typing);
  typing = setTimeout(() => send(field.dataset.input, { value: field.value }), 120);
});

// ---- keyboard ----
addEventListener(
  "keydown",
  (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "k") {
      event.preventDefault();
      toggle("left", true);
      focusSoon("#chat-search");
    } else if (command && event.key === "/") {
      event.preventDefault();
      local["toggle-shortcuts"]();
    } else if (event.key === "Escape") escape(event);
  },
  true,
);
function escape(event) {
  if (event.target.closest?.("[data-escape]")) return;
  if (document.querySelector(":popover-open")) return; // the browser closes it
  const asking = event.target.closest?.("[data-cancel]")?.dataset.cancel;
  if (asking) {
    send(asking);
    return afterwards[asking]?.(event.target);
  }
  if (body.classList.contains("shortcuts-open")) body.classList.remove("shortcuts-open");
  else if (!closeDrawers()) send("stop");
}
addEventListener("click", (event) => {
  if (!event.target.closest?.("#shortcuts, [data-action='toggle-shortcuts']")) body.classList.remove("shortcuts-open");
  if (!event.target.closest?.("#left, #right, .top-bar, .toast-wrap")) closeDrawers();
});

// ---- lists that cost one stop of the Tab key: up and down from row to row, left and right inside of one ----
addEventListener("keydown", (event) => {
  const list = event.target.closest?.("[data-arrows]");
  if (!list || event.target.matches("input") || event.ctrlKey || event.altKey || event.metaKey) return;
  const rows = [...list.children].filter((row) => row.querySelector("button"));
  const row = rows.findIndex((one) => one.contains(event.target));
  const inside = [...rows[row].querySelectorAll("button")];
  const place = inside.indexOf(event.target);
  const wanted = {
    ArrowDown: () => rows[row + 1]?.querySelector("button"),
    ArrowUp: () => rows[row - 1]?.querySelector("button"),
    Home: () => rows[0].querySelector("button"),
    End: () => rows.at(-1).querySelector("button"),
    ArrowRight: () => inside[place + 1],
    ArrowLeft: () => inside[place - 1],
  }[event.key];
  if (!wanted) return;
  event.preventDefault();
  const next = wanted();
  if (!next) return;
  for (const button of list.querySelectorAll("button")) button.tabIndex = button === next ? 0 : -1;
  next.focus();
});

// ---- clearing a conversation cannot be taken back: the first click asks, the second within four seconds clears ----
function armed(button) {
  if (button.classList.contains("armed")) return true;
  button.classList.add("armed");
  setTimeout(() => button.classList.remove("armed"), 4000);
  return false;
}

// ---- copying: the Markdown as it was written, without what the page says about it ----
async function copy(button, text) {
  await navigator.clipboard.writeText(text);
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1200);
}
function conversation() {
  const texts = [...document.querySelectorAll("#transcript [data-action='copy']")].map((button) => [
    button.dataset.of === "question" ? words.you : "AHN Chat",
    button.dataset.text,
  ]);
  return texts.map(([who, text]) => `## ${who}\n\n${text}\n`).join("\n");
}

// ---- the conversation stays at its end while it grows, unless the reader has scrolled up ----
let atEnd = true;
addEventListener(
  "scroll",
  ({ target }) => {
    if (target.id === "transcript") atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 60;
  },
  true,
);
new MutationObserver(() => {
  fillPlaces();
  show();
  const transcript = document.getElementById("transcript");
  if (transcript) giveFocusBack(transcript);
  if (transcript && atEnd) transcript.scrollTop = transcript.scrollHeight;
}).observe(body, { childList: true, subtree: true, characterData: true });

connect();
