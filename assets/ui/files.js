// Files and folders: picked, dropped anywhere, or pasted. They are sent in the natural order of their names.
import { send } from "./live.js";
import { fill, words } from "./words.js";

const MOST_FILES = 500;
const meta = (name) => document.querySelector(`meta[name=${name}]`)?.content ?? "";
const suffixes = meta("ahn-suffixes").split(",").filter(Boolean);
export const picker = Object.assign(document.createElement("input"), {
  type: "file",
  id: "file-picker",
  multiple: true,
  accept: suffixes.join(","),
  hidden: true,
});
picker.setAttribute("aria-label", words.documents_to_add);
document.body.append(picker);
picker.addEventListener("change", () => {
  upload([...picker.files].map((file) => ({ file, path: file.name })));
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
    dropped(event.dataTransfer).then(upload);
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
    upload(files.map((file) => ({ file, path: file.name })));
  },
  true,
);

// ---- folders: what can be read in them, with their folders' names for the order ----
async function dropped(transfer) {
  // The list is empty once this event has ended, so entries are taken out of it before anything is waited for.
  const entries = [...transfer.items].map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  const files = [];
  for (const [entry, file] of entries) {
    if (entry?.isDirectory) await walk(entry, files);
    else if (file) files.push({ file, path: file.name });
  }
  return files;
}
async function walk(folder, files) {
  const reader = folder.createReader();
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []);
    if (!entries.length || files.length > MOST_FILES) return;
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory) await walk(entry, files);
      else if (suffixes.some((suffix) => entry.name.toLowerCase().endsWith(suffix)))
        files.push({ file: await new Promise((take, fail) => entry.file(take, fail)), path: entry.fullPath });
    }
  }
}

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
async function upload(files) {
  const most = Number(meta("ahn-max-upload-bytes")) || Infinity;
  const report = (entry) => send("upload", { files: [entry] });
  if (!files.length) return report({ name: words.this_folder, error: words.empty_folder });
  if (files.length > MOST_FILES) {
    return report({ name: words.too_many, error: fill(words.too_many_files, { most: MOST_FILES }) });
  }
  files.sort((one, two) => natural.compare(one.path, two.path));
  for (const { file } of files) {
    if (file.size > most) {
      const megabytes = (bytes) => fill(words.megabytes, { n: (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0) });
      const figures = { name: file.name, size: megabytes(file.size), most: megabytes(most) };
      report({ name: file.name, error: fill(words.too_large, figures) });
      continue;
    }
    const form = new FormData();
    form.append("files", file, file.name);
    try {
      const response = await fetch("/gradio_api/upload", { method: "POST", body: form });
      if (response.ok) report({ name: file.name, path: (await response.json())[0] });
      else report({ name: file.name, error: await response.text() });
    } catch {
      report({ name: file.name, error: words.cut_off });
    }
  }
}
