// The page's connection to the server: parts that are redrawn, sentences, and what the reader does.
// It comes back by itself, after a computer's sleep as after a restart of the server.

import { morph } from "./morph.js";
import { words } from "./words.js";

const html = new Map(); // what each part shows, by its name
const listeners = new Map(); // who want to know of a message's entry, or that the connection is lost
const waiting = []; // done while there was no connection
let socket;
let boot;
let tries = 0;
let settle;
// The id of this tab on the server; fields of the settings and of the comparison are sent with it.
window.ahnTab = new Promise((resolve) => (settle = resolve));

export const on = (entry, listener) => listeners.set(entry, [...(listeners.get(entry) ?? []), listener]);

export function send(action, data = {}) {
  const message = JSON.stringify({ ...data, action });
  if (socket?.readyState === WebSocket.OPEN) socket.send(message);
  else waiting.push(message);
}

export function connect() {
  const query = new URLSearchParams({
    tab: sessionStorage.getItem("ahn-tab") ?? "",
    chat: sessionStorage.getItem("ahn-chat") ?? "",
    language: window.ahnLanguage,
  });
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/live?${query}`);
  socket.addEventListener("message", ({ data }) => take(JSON.parse(data)));
  socket.addEventListener("close", lost);
}

function take(message) {
  if (message.hello) {
    if (boot && boot !== message.hello.boot) return location.reload(); // another process: its page may be another one
    boot = message.hello.boot;
    tries = 0;
    sessionStorage.setItem("ahn-tab", message.hello.tab);
    settle(message.hello.tab);
    document.getElementById("lost")?.remove();
    for (const kept of waiting.splice(0)) socket.send(kept);
  }
  for (const [name, drawn] of Object.entries(message.parts ?? {})) {
    html.set(name, drawn);
    for (const place of document.querySelectorAll(`[data-part="${name}"]`)) fill(place);
  }
  for (const [entry, value] of Object.entries(message)) announce(entry, value);
}
const announce = (entry, value) => listeners.get(entry)?.forEach((listener) => listener(value));

function fill(place) {
  const drawn = html.get(place.dataset.part);
  if (drawn === undefined || place.ahnShows === drawn) return;
  place.ahnShows = drawn;
  morph(place, drawn);
}
// The framework makes a part's place anew when its tab is opened.
export const fillPlaces = () => document.querySelectorAll("[data-part]").forEach(fill);

function lost() {
  const pause = Math.min(500 * 2 ** tries, 8000);
  tries += 1;
  if (tries > 1 && !document.getElementById("lost")) tellLost();
  setTimeout(connect, pause);
}

function tellLost() {
  const card = document.createElement("div");
  card.id = "lost";
  card.setAttribute("role", "alert");
  const [inside, heading, told] = ["div", "h2", "p"].map((name) => document.createElement(name));
  heading.textContent = words.lost_heading;
  told.textContent = words.lost;
  inside.append(heading, told);
  card.append(inside);
  document.body.append(card);
  announce("lost", true);
}

// ---- sentences: each stays long enough to be read, and until the pointer has left it ----
on("notices", tell);
export function tell(notices) {
  let stack = document.getElementById("notices");
  if (!stack) {
    stack = Object.assign(document.createElement("div"), { id: "notices" });
    stack.setAttribute("role", "status");
    document.body.append(stack);
  }
  for (const { text, warning } of notices) {
    const notice = document.createElement("div");
    notice.className = warning ? "notice warning" : "notice";
    const sentence = Object.assign(document.createElement("span"), { textContent: text });
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
    close.setAttribute("aria-label", words.dismiss);
    close.addEventListener("click", () => notice.remove());
    notice.append(sentence, close);
    stack.append(notice);
    const end = () => (notice.matches(":hover, :focus-within") ? setTimeout(end, 1000) : notice.remove());
    setTimeout(end, 4000 + 60 * text.length);
  }
}
