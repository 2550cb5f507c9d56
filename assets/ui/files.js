import { send } from "./live.js";

// ---- files: picked, dropped anywhere, or pasted ----
export const picker = Object.assign(document.createElement("input"), {
  type: "file",
  id: "file-picker",
  multiple: true,
  accept: ".pdf,.txt,.md",
  hidden: true,
});
document.body.append(picker);
picker.addEventListener("change", () => {
  upload([...picker.files]);
  picker.value = "";
});
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
let depth = 0;
const dropping = (on) => document.body.classList.toggle("dropping", on);
addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  depth += 1;
  dropping(true);
});
addEventListener("dragleave", (event) => {
  if (!hasFiles(event)) return;
  depth = Math.max(depth - 1, 0);
  if (!depth) dropping(false);
});
addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
addEventListener(
  "drop",
  (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    depth = 0;
    dropping(false);
    upload([...event.dataTransfer.files]);
  },
  true,
);
addEventListener(
  "paste",
  (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    event.stopPropagation();
    upload(files);
  },
  true,
);
async function upload(files) {
  const most = Number(document.querySelector("meta[name=ahn-max-upload-bytes]")?.content ?? Infinity);
  const report = (entry) => send("upload", { files: [entry] });
  for (const file of files) {
    if (file.size > most) {
      const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0)} MB`;
      report({
        name: file.name,
        error:
          `${file.name} has ${megabytes(file.size)}, over the limit of ${megabytes(most)}, so it was not sent; ` +
          "start with --max-upload-mb to allow more.",
      });
      continue;
    }
    const form = new FormData();
    form.append("files", file, file.name);
    try {
      const response = await fetch("/gradio_api/upload", { method: "POST", body: form });
      if (response.ok) report({ name: file.name, path: (await response.json())[0] });
      else report({ name: file.name, error: await response.text() });
    } catch {
      report({ name: file.name, error: "The upload was cut off before it was complete; add the file again." });
    }
  }
}
