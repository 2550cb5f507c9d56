// The library's tab tells the server when it is looked at: only then is what each document takes looked up.
import { on, send } from "./live.js";

const button = () => document.getElementById("library-tab-button");
const value = (id) => document.getElementById(id)?.value ?? "";

export function showLibrary() {
  document.body.classList.remove("left-open");
  button()?.click();
  requestAnimationFrame(() => document.getElementById("library-search")?.focus());
}

const tell = () =>
  send("library-shown", { open: "1", query: value("library-search"), sort: value("library-sort") });
addEventListener("click", (event) => {
  const tab = event.target.closest?.("#tabs .tab-container button[role=tab]");
  if (!tab) return;
  if (tab === button()) tell();
  else send("library-shown", { open: "" });
});
// What is found stands below the field: both are brought into sight while one types.
on("parts", (parts) => {
  const field = document.getElementById("chat-search");
  if (parts.found && field === document.activeElement && field.value.trim())
    field.closest(".chats").scrollIntoView({ block: "start" });
});
on("hello", () => button()?.getAttribute("aria-selected") === "true" && tell());
