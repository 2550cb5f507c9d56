// The words that the page says without the server: those of `app/ui/words/script.py`, in the page's head.

export const words = JSON.parse(document.getElementById("ahn-words").textContent)[window.ahnLanguage];

/** A sentence with its placeholders filled in: fill("{n} of {total}", { n: 1, total: 2 }). */
export const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
