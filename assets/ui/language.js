// Which language this page is in: the one that the program was started with, else the one chosen in the settings, else
// the first of the browser's that the page speaks. Runs before all other scripts: the page framework asks the browser.
{
  const { forced, tags } = JSON.parse(document.getElementById("ahn-languages").textContent);
  const chosen = document.cookie.match(/(?:^|; )ahn_language=([a-z]+)/)?.[1];
  const wanted = [forced, chosen, ...navigator.languages].filter(Boolean).map((tag) => tag.toLowerCase().split("-")[0]);
  const language = wanted.find((one) => Object.hasOwn(tags, one)) ?? "en";
  const tag = tags[language];
  Object.defineProperty(navigator, "language", { get: () => tag, configurable: true });
  Object.defineProperty(navigator, "languages", { get: () => [tag], configurable: true });
  document.documentElement.lang = tag;
  window.ahnLanguage = language;
}
