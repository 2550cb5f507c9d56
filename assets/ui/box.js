// The text box: Enter sends, drafts stay with their chat, and a question that was not taken comes back.
import { on, send } from "./live.js";
import { words } from "./words.js";

let state = { ready: false, busy: false, chat: "" };
const box = () => document.getElementById("ask-text");
const draftKey = (chat) => `ahn-draft-${chat}`;

export const focusBox = () => box()?.focus();

// What is asked before the server is back and has its model would not be answered.
on("lost", () => {
  state = { ...state, ready: false };
  show();
});
// A connection that is made anew tells which chat it has; what was written stays where it stands.
on("hello", () => (state = { ...state, chat: "" }));

// Another chat has been asked for: what stands here stays with this one, what is typed from now on is for the other.
let leaving = false;
export function leaveChat() {
  if (!state.chat || !box()) return;
  keepDraft(state.chat);
  leaving = true;
  box().value = "";
  grow();
}

on("box", (news) => {
  const before = state;
  state = news;
  if (news.chat !== before.chat) changeChat(before.chat, news.chat);
  if (news.returned !== undefined) giveBack(news.returned);
  show();
});

// The chat that is asked for when the page comes back. While there is none, as during a change of model, it stays.
const remembered = () => sessionStorage.getItem("ahn-chat");

function changeChat(left, opened) {
  // A chat in which nothing was asked is gone once it is closed: what was written there goes along to the next one.
  if (opened && !left && !leaving && remembered() && remembered() !== opened) moveDraft(remembered(), opened);
  if (opened) sessionStorage.setItem("ahn-chat", opened);
  const field = box();
  if (!field) return;
  if (left && !leaving) keepDraft(left);
  // What was typed before the model was there, or since another chat was asked for, belongs to the one that is opened.
  if ((left && !leaving) || !field.value) setText(sessionStorage.getItem(draftKey(opened)) ?? "");
  leaving = false;
}

function moveDraft(from, to) {
  const text = sessionStorage.getItem(draftKey(from));
  sessionStorage.removeItem(draftKey(from));
  if (text && !sessionStorage.getItem(draftKey(to))) sessionStorage.setItem(draftKey(to), text);
}

function keepDraft(chat) {
  const text = box()?.value ?? "";
  if (text) sessionStorage.setItem(draftKey(chat), text);
  else sessionStorage.removeItem(draftKey(chat));
}

function setText(text) {
  const field = box();
  if (!field) return;
  field.value = text;
  grow();
  if (state.chat) keepDraft(state.chat);
}

// A question that comes back does not take the place of what has been typed meanwhile.
function giveBack(question) {
  const typed = box()?.value ?? "";
  setText(typed.trim() && typed !== question ? `${question}\n${typed}` : question);
}

function grow() {
  const field = box();
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 220)}px`;
}

export function show() {
  const field = box();
  if (!field) return;
  const form = field.form;
  if (field.disabled === state.ready) {
    field.disabled = !state.ready;
    field.placeholder = state.ready ? words.ask : words.model_loading;
    if (state.ready && document.activeElement === document.body) field.focus();
  }
  form.querySelector(".submit-button").hidden = state.busy;
  form.querySelector(".stop-button").hidden = !state.busy;
}

function ask() {
  const field = box();
  if (!field.value.trim() || state.busy || !state.ready) return;
  send("ask", { value: field.value });
  setText("");
}

addEventListener("submit", (event) => {
  if (event.target.id !== "ask") return;
  event.preventDefault();
  ask();
});
addEventListener("keydown", (event) => {
  if (event.target.id !== "ask-text" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask();
});
addEventListener("input", (event) => {
  if (event.target.id !== "ask-text") return;
  grow();
  if (state.chat && !leaving) keepDraft(state.chat);
});
