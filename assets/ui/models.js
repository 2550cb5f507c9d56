// The models' tab tells the server when it is looked at: only then is the disk looked at, and what fits counted.
import { on, send } from "./live.js";

const button = () => document.getElementById("models-tab-button");

export function showModels() {
  button()?.click();
}

const tell = () => send("models-shown", { open: "1", context: document.getElementById("plan-context")?.value ?? "" });
addEventListener("click", (event) => {
  const tab = event.target.closest?.("#tabs .tab-container button[role=tab]");
  if (!tab) return;
  if (tab === button()) tell();
  else send("models-shown", { open: "" });
});
on("hello", () => button()?.getAttribute("aria-selected") === "true" && tell());
