// The reader beside the chat: its page box and search field, pictures in as many pixels as are shown, keys, focus.
// What it shows is drawn by the server; `state` is what the server has told of it, null while it is closed.
import { on, send } from "./live.js";
import { fill, words } from "./words.js";

const WIDTH_STEP = 200; // as the server's, see app/ui/document_files.py
const ZOOMS = [1, 1.25, 1.5, 2, 2.5, 3];
const body = document.body;
const byId = (id) => document.getElementById(id);
let state = null;
let strips = []; // the documents of the memory panel's strips, in their order: [id, pages]
let zoom = Number(localStorage.getItem("ahn-zoom")) || 1;
let opener; // what had the focus before
let loading; // of the picture
let picture; // the object URL of the one that is shown

export const readerIsOpen = () => state !== null;

export const readerActions = {
  "reader-zoom": (button) => zoomBy(Number(button.dataset.by)),
};

on("reader", (told) => {
  strips = told.strips;
  const before = state;
  state = told.open;
  const { activeElement } = document;
  const typing = activeElement.matches("input, textarea, select") && !byId("reader-region").contains(activeElement);
  body.classList.toggle("reader-open", state !== null);
  coverChat();
  if (!state) return before && closed(typing);
  if (!before) opener ??= document.activeElement;
  controls(before);
  sharpen();
  if (before?.seen !== state.seen) toMark();
  if (!before && !typing) byId("reader-sheet").focus({ preventScroll: true });
});
// A connection that was lost is another tab for the server: it is told what this one shows.
on("hello", () => state && send("open-page", { document: state.document, page: state.page }));

// Where the reader covers the chat, the chat is not to be reached by Tab either.
function coverChat() {
  const chat = byId("middle");
  if (chat) chat.inert = state !== null && matchMedia("(max-width: 760px)").matches;
}

export function openedFrom(button) {
  if (!state) opener = button;
}
function closed(typing) {
  loading?.abort();
  const back = opener?.isConnected && opener.offsetParent ? opener : byId("ask-text");
  opener = undefined;
  if (!typing) back?.focus(); // who has begun to write elsewhere meanwhile goes on there
}

function controls(before) {
  const number = byId("reader-number");
  if (before?.page !== state.page || before?.document !== state.document || document.activeElement !== number)
    number.value = state.typed;
  number.size = Math.max(number.value.length, 2);
  byId("reader-unit").textContent = state.unit;
  byId("reader-of").textContent = state.of;
  const search = byId("reader-search");
  if (document.activeElement !== search) search.value = state.query;
  byId("reader-found").textContent = !state.query.trim()
    ? ""
    : !state.found
      ? words.not_found
      : fill(words.place_of, {
          n: state.current < 0 ? "–" : state.current + 1,
          total: `${state.found}${state.more ? "+" : ""}`,
        });
  for (const button of byId("reader-region").querySelectorAll("[data-action]")) {
    const { action, mode, by } = button.dataset;
    if (action === "reader-mode") button.setAttribute("aria-pressed", String(mode === state.mode));
    if (action === "reader-hit") button.disabled = !state.found;
    if (action === "reader-turn") button.disabled = by === "1" ? state.page >= state.pages : state.page <= 1;
  }
  byId("reader-region").querySelector(".segments").hidden = !state.picture;
  byId("reader-region").querySelector(".zoom").hidden = state.mode === "text";
}

// ---- pictures ----
async function sharpen() {
  const place = byId("reader-sheet").querySelector("[data-picture]");
  if (!place) return loading?.abort();
  byId("reader-sheet").style.setProperty("--zoom", zoom);
  const pixels = Math.ceil((place.clientWidth * devicePixelRatio) / WIDTH_STEP) * WIDTH_STEP;
  const address = `${place.dataset.picture}?width=${Math.min(Math.max(pixels, WIDTH_STEP), 3000)}`;
  if (place.ahnShows === address) return fit(place);
  place.ahnShows = address;
  loading?.abort();
  loading = new AbortController();
  try {
    const response = await fetch(address, { signal: loading.signal });
    if (response.ok) show(place, await response.blob());
    else sentence(place, await response.text());
  } catch (error) {
    if (error.name !== "AbortError") sentence(place, words.no_picture);
  }
}
function show(place, blob) {
  const image = place.querySelector("img");
  const before = picture;
  picture = URL.createObjectURL(blob);
  image.addEventListener(
    "load",
    () => {
      if (before) URL.revokeObjectURL(before);
      fit(place);
    },
    { once: true },
  );
  image.src = picture;
  place.querySelector("p").hidden = true;
}
// Documents that were read by earlier versions do not say how large their pages are; their pictures do.
function fit(place) {
  const { naturalWidth, naturalHeight } = place.querySelector("img");
  if (naturalWidth && !place.querySelector(".mark")) place.style.aspectRatio = `${naturalWidth} / ${naturalHeight}`;
}
function sentence(place, told) {
  const line = place.querySelector("p");
  line.textContent = told;
  line.hidden = false;
}
function zoomBy(by) {
  const place = ZOOMS.findIndex((one) => one >= zoom);
  zoom = ZOOMS[Math.min(Math.max(place + by, 0), ZOOMS.length - 1)];
  localStorage.setItem("ahn-zoom", zoom);
  sharpen();
  toMark();
}
function toMark() {
  const sheet = byId("reader-sheet");
  const mark = sheet.querySelector(".current") ?? sheet.querySelector(".passage");
  if (!mark) return sheet.scrollTo(0, 0);
  const [page, place] = [sheet.getBoundingClientRect(), mark.getBoundingClientRect()];
  if (place.top >= page.top && place.bottom <= page.bottom && place.left >= page.left && place.right <= page.right) return;
  sheet.scrollBy(
    Math.min(place.left - page.left - 20, 0) || Math.max(place.right - page.right + 20, 0),
    place.top - page.top - page.height / 3,
  );
}
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  coverChat();
  resizing = setTimeout(() => state && sharpen(), 200);
});

// ---- keys ----
addEventListener(
  "keydown",
  (event) => {
    if (!state) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "f") {
      event.preventDefault();
      byId("reader-search").focus();
      byId("reader-search").select();
    } else if (event.key === "Escape" && closesReader(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      send("close-reader");
    } else if (event.target.id === "reader-search" && event.key === "Enter") {
      event.preventDefault();
      if (event.target.value.trim() !== state.query.trim()) send("reader-find", { value: event.target.value });
      else send("reader-hit", { by: event.shiftKey ? -1 : 1 });
    } else if (event.target.closest?.("#reader-region") && !event.target.matches("input") && !command && !event.altKey)
      turnBy(event);
  },
  true,
);
function turnBy(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
  const sheet = byId("reader-sheet");
  const sideways = event.key.startsWith("Arrow") && sheet.scrollWidth > sheet.clientWidth + 1;
  const inside = // there is more of this page to see: the browser scrolls
    event.key.startsWith("Page") &&
    (by > 0 ? sheet.scrollTop + sheet.clientHeight < sheet.scrollHeight - 1 : sheet.scrollTop > 0);
  if (by && !sideways && !inside) send("reader-turn", { by });
  else if (event.key === "+" || event.key === "-") zoomBy(event.key === "+" ? 1 : -1);
  else return;
  event.preventDefault();
}
/** Esc closes what is on top: the shortcuts, a field's own question, an answer being written while one types. */
function closesReader(event) {
  if (body.classList.contains("shortcuts-open") || event.target.closest?.("[data-escape], [data-cancel]")) return false;
  if (body.classList.contains("left-open") || body.classList.contains("right-open")) return false;
  return Boolean(event.target.closest?.("#reader-region")) || Boolean(document.querySelector(".stop-button")?.hidden);
}

// ---- the memory panel's strips: a click on a page opens it ----
addEventListener("click", (event) => {
  const strip = event.target.closest?.(".page-strip");
  if (!strip) return;
  const found = strips[[...document.querySelectorAll(".page-strip")].indexOf(strip)];
  if (!found) return;
  const [id, pages] = found;
  const { left, width } = strip.getBoundingClientRect();
  const page = Math.min(Math.floor(((event.clientX - left) / width) * pages) + 1, pages);
  body.classList.remove("right-open");
  send("open-page", { document: id, page });
});
