"""Makes the texts the embedded model's memory is trained and measured on, out of Debian packages.

    apt-get download r-cran-janeaustenr r-cran-tokenizers anarchism cfi-en postgresql-doc-15 python3.11-doc \
        perl-doc developers-reference debian-reference-en
    for package in *.deb; do dpkg -x $package unpacked; done
    python docs/training/texts.py unpacked texts

writes `texts/train/*.txt`, the chats `texts/train/chats.jsonl`, and `texts/held-out/*.txt`, which are never trained
on. Novels and Moby Dick are in the public domain; the essays are GPL, the manuals under the licences of their packages.
None of these texts is shipped.
"""

from __future__ import annotations

import json
import random
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

HELD_OUT = ("persuasion", "moby-dick", "developers-reference", "debian-reference")
NOVELS = {
    "emma": "emma woodhouse, handsome",
    "mansfield-park": "about thirty years ago",
    "northanger-abbey": "no one who had ever seen catherine",
    "persuasion": "sir walter elliot",
    "pride-and-prejudice": "it is a truth universally",
    "sense-and-sensibility": "the family of dashwood",
}


def main(unpacked: Path, target: Path) -> None:
    random.seed(0)
    texts = dict(novels(unpacked)) | dict(moby_dick(unpacked))
    doc = unpacked / "usr/share/doc"
    texts["essays"] = joined(sorted((doc / "anarchism/html").glob("sec*.html")))
    texts["cfi"] = joined(sorted((doc / "cfi-en/html").glob("*.htm")))
    texts["postgresql"] = joined(sorted((doc / "postgresql-doc-15/html").glob("*.html")))
    python = doc / "python3.11/html"
    for part in ("library", "reference", "tutorial", "howto", "c-api", "whatsnew"):
        texts[f"python-{part}"] = joined(sorted((python / part).rglob("*.html")))
    texts["perl"] = "\n\n".join(pod(path) for path in sorted((unpacked / "usr/share/perl").rglob("*.pod")))
    texts["developers-reference"] = joined(
        sorted((unpacked / "usr/share/developers-reference").glob("*.html"))
    )
    texts["debian-reference"] = joined(sorted((unpacked / "usr/share/debian-reference").glob("ch*.en.html")))
    for folder in ("train", "held-out"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        folder = "held-out" if name in HELD_OUT else "train"
        (target / folder / f"{name}.txt").write_text(text, encoding="utf-8")
        print(f"{folder}/{name}: {len(text):,} characters")
    lines = [chat(text) for name, text in sorted(texts.items()) if name not in HELD_OUT for _ in range(12)]
    chats = "".join(json.dumps(line) + "\n" for line in lines)
    (target / "train/chats.jsonl").write_text(chats, encoding="utf-8")


def chat(text: str, characters: int = 14_000) -> dict[str, object]:
    """A stretch of a text with a question whose answer is what the stretch says somewhere: how a passage goes on."""
    start = random.randrange(max(1, len(text) - characters))
    stretch = text[start : start + characters].partition("\n")[2].strip()
    sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+", stretch) if 60 < len(s) < 400]
    if len(sentences) < 4:
        return chat(text, characters)
    at = random.randrange(len(sentences) - 3)
    cue, answer = sentences[at], " ".join(sentences[at + 1 : at + 4])
    question = random.choice(
        ("How does the text go on after “{}”?", "What comes after “{}”?", "Continue from “{}”.")
    )
    return {
        "document": stretch,
        "messages": [{"role": "user", "content": question.format(cue)}],
        "answers": [answer],
    }


# ------------------------------------------------------------------ R data files


def novels(unpacked: Path) -> Iterator[tuple[str, str]]:
    for lines in strings(unpacked / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"):
        text = paragraphs(lines)
        for name, opening in NOVELS.items():
            if opening in text[:8000].lower() and len(text) > 200_000:
                yield name, text


def moby_dick(unpacked: Path) -> Iterator[tuple[str, str]]:
    folder = unpacked / "usr/lib/R/site-library/tokenizers"
    for path in sorted(folder.rglob("*.rdb")):
        for lines in strings(path):
            text = "\n".join(lines)
            if "Call me Ishmael" in text and len(text) > 500_000:
                yield "moby-dick", text


def strings(database: Path) -> Iterator[list[str]]:
    """Every character vector in an R lazy-load database: entries of a length and a zlib stream, one after the other."""
    data = database.read_bytes()
    while len(data) > 4:
        stream = zlib.decompressobj()
        value = stream.decompress(data[4:])
        data = stream.unused_data
        yield from character_vectors(value)


def character_vectors(value: bytes) -> Iterator[list[str]]:
    """The STRSXP (type 16) of a serialized R value in XDR form, found by walking its CHARSXP (type 9)."""
    vector = re.compile(rb"\x00\x00[\x00\x02]\x10")  # without and with attributes
    match = vector.search(value)
    while match:
        at = match.start()
        count = int.from_bytes(value[at + 4 : at + 8], "big")
        at += 8
        found = []
        for _ in range(count):
            kind, length = value[at + 3], int.from_bytes(value[at + 4 : at + 8], "big", signed=True)
            if kind != 9 or length > 50_000_000:
                break
            found.append(value[at + 8 : at + 8 + max(length, 0)].decode("utf-8", "replace"))
            at += 8 + max(length, 0)
        if found:
            yield found
        match = vector.search(value, at)


def paragraphs(lines: Iterable[str]) -> str:
    """Hard-wrapped lines as paragraphs of one line each."""
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    return "\n\n".join(" ".join(block.split()) for block in blocks if block.strip())


# ------------------------------------------------------------------ HTML and POD


class Words(HTMLParser):
    """The text of a page, without its navigation."""

    SKIPPED = frozenset(("script", "style", "head", "nav"))
    BLOCKS = frozenset(
        ("p", "div", "li", "h1", "h2", "h3", "h4", "dt", "dd", "tr", "pre", "section", "table")
    )

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._skipping: list[str] = []
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = dict(attrs).get("class") or ""
        aside = tag in self.SKIPPED or (
            tag == "div" and re.search(r"nav|sidebar|related|footer|header", classes)
        )
        if aside or tag in self._skipping[-1:]:
            self._skipping.append(tag)
        if tag in self.BLOCKS:
            self.parts.append("\n\n" if tag in ("p", "pre", "h1", "h2", "h3") else "\n")
        self._verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipping[-1:]:
            self._skipping.pop()
        self._verbatim -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.parts.append(data if self._verbatim > 0 else re.sub(r"\s+", " ", data))


def joined(pages: Iterable[Path]) -> str:
    """The text of HTML pages, one after the other."""
    texts = []
    for page in pages:
        parser = Words()
        parser.feed(page.read_text(encoding="utf-8", errors="replace"))
        texts.append(re.sub(r"\n\s*\n\s*", "\n\n", "".join(parser.parts)).strip().replace("¶", ""))
    return "\n\n".join(text for text in texts if text)


def pod(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    text = re.sub(
        r"^=(head\d|item|over|back|cut|pod|encoding|for|begin|end)\b ?", "", text, flags=re.MULTILINE
    )
    return re.sub(r"[A-Z]<+\s?([^<>]*?)\s?>+", r"\1", text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
