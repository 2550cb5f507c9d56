// What the browser does by itself: side panels, colours, keyboard, dropping files. No library, no request off this server.
(() => {
  "use strict";
  const body = document.body;
  const narrow = { left: "(max-width: 760px)", right: "(max-width: 1080px)" };

  // ---- side panels: columns where there is room, drawers over the chat where there is not ----
  const isNarrow = (side) => matchMedia(narrow[side]).matches;
  function toggle(side, open) {
    const drawer = isNarrow(side);
    const name = drawer ? `${side}-open` : `${side}-folded`;
    const on = body.classList.toggle(name, open === undefined ? undefined : drawer ? open : !open);
    if (drawer && on) body.classList.remove(side === "left" ? "right-open" : "left-open");
  }
  const closeDrawers = () => {
    const open = body.classList.contains("left-open") || body.classList.contains("right-open");
    body.classList.remove("left-open", "right-open");
    return open;
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
    "toggle-right": () => toggle("right"),
    "toggle-theme": toggleTheme,
    "toggle-shortcuts": () => body.classList.toggle("shortcuts-open"),
    "pick-files": () => picker.click(),
    copy: (button) => copy(button, button.dataset.text),
    "copy-all": (button) => copy(button, conversation()),
  };
  window.ahnPage = {
    handles(action, button) {
      if (action === "clear-chat") return !armed(button);
      if (!Object.hasOwn(local, action)) return false;
      local[action](button);
      return true;
    },
    after(action) {
      if (action === "open-chat" || action === "new-chat") closeDrawers();
      if (action === "ask-rename") focusSoon(".rename");
      if (action === "edit-question") focusSoon(".edit-question");
    },
  };
  function focusSoon(selector, tries = 60) {
    const field = document.querySelector(selector);
    if (field) {
      field.focus();
      field.select?.();
    } else if (tries) requestAnimationFrame(() => focusSoon(selector, tries - 1));
  }

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
    if (body.classList.contains("shortcuts-open")) body.classList.remove("shortcuts-open");
    else if (!closeDrawers()) window.ahnReport?.("click", { action: "stop" });
  }
  addEventListener("click", (event) => {
    if (!event.target.closest?.("#shortcuts, [data-action='toggle-shortcuts']")) body.classList.remove("shortcuts-open");
    if (!event.target.closest?.("#left, #right, .top-bar, .toast-wrap")) closeDrawers();
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
      button.getAttribute("aria-label") === "Copy the question" ? "You" : "AHN Chat",
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
    const transcript = document.getElementById("transcript");
    if (transcript && atEnd) transcript.scrollTop = transcript.scrollHeight;
  }).observe(body, { childList: true, subtree: true, characterData: true });

  // ---- files: picked, dropped anywhere, or pasted ----
  const picker = Object.assign(document.createElement("input"), {
    type: "file",
    id: "file-picker",
    multiple: true,
    accept: ".pdf,.txt,.md",
    hidden: true,
  });
  body.append(picker);
  picker.addEventListener("change", () => {
    upload([...picker.files]);
    picker.value = "";
  });
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const dropping = (on) => body.classList.toggle("dropping", on);
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
    const report = (entry) => window.ahnReport?.("upload", { files: [entry] });
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

  // ---- a reload comes back to the chat that was open in this tab ----
  addEventListener("pagehide", () => {
    const open = document.querySelector("#chats [data-open]")?.dataset.open;
    if (open) sessionStorage.setItem("ahn-chat", open);
    else sessionStorage.removeItem("ahn-chat");
  });
})();
