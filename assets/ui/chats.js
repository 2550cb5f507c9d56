// Chats from a file: picked, sent, and what the server says about it.
import { send, tell } from "./live.js";
import { words } from "./words.js";

const picker = Object.assign(document.createElement("input"), {
  type: "file",
  id: "chats-picker",
  accept: ".json,application/json",
  hidden: true,
});
picker.setAttribute("aria-label", words.chats_to_import);
document.body.append(picker);
picker.addEventListener("change", () => {
  for (const file of picker.files) take(file);
  picker.value = "";
});

export const pickChats = () => picker.click();

async function take(file) {
  let answer;
  try {
    answer = await fetch("/chats/import", { method: "POST", body: file, headers: { "Content-Type": "application/json" } });
  } catch {
    return tell([{ text: words.cut_off, warning: true }]);
  }
  const said = await answer.text();
  let told;
  try {
    told = JSON.parse(said);
  } catch {
    told = { sentence: said }; // a refusal of the layer outside, in plain text
  }
  tell([{ text: told.sentence, warning: !answer.ok }]);
  if (told.chat) send("open-chat", { chatId: told.chat });
}
