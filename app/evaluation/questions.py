"""Questions with known answers about documents anybody can get, and where those documents are."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.options import CommandFailed
from app.paths import assets_dir

FOLDER = "evaluation/recall"  # in the assets


@dataclass(frozen=True)
class Question:
    """A question about one document.

    document: the file's name. answers: regular expressions, of which one must be found in a right answer; none: the
    document does not say. evidence: words that stand at the place of the answer, one line each, by which its pages are
    found whatever a reader calls a page.
    """

    document: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[str, ...] = ()

    def answered_by(self, text: str) -> bool:
        """Whether one of the answers stands in `text`."""
        plain = plain_text(text)
        return any(re.search(answer, plain, re.IGNORECASE) for answer in self.answers)

    def pages(self, texts: Sequence[str]) -> frozenset[int]:
        """The numbers, from 1, of the pages that have the evidence; it may go on to the next page."""
        wanted = [plain_text(words) for words in self.evidence]
        plain = [plain_text(text) for text in texts]
        found = {number for number, text in enumerate(plain, 1) if any(words in text for words in wanted)}
        if found:
            return frozenset(found)
        for number, (text, following) in enumerate(zip(plain, plain[1:], strict=False), 1):
            if any(words in f"{text} {following}" for words in wanted):
                found |= {number, number + 1}
        return frozenset(found)


def plain_text(text: str) -> str:
    """On one line, in lower case, words that a line end cut in two joined, one kind of apostrophe."""
    joined = re.sub(r"(?<=\w)-\n\s*(?=[a-z])", "", text)
    return re.sub(r"\s+", " ", joined).replace("’", "'").lower()


def read_questions(path: Path) -> list[Question]:
    """The questions of a file, one JSON object a line. Raises CommandFailed for a file that is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        questions = [
            Question(
                str(row["document"]),
                str(row["question"]),
                tuple(map(str, row["answers"])),
                tuple(map(str, row.get("evidence", ()))),
            )
            for row in rows
        ]
        for question in questions:
            for answer in question.answers:
                re.compile(answer)
    except OSError as error:
        raise CommandFailed(
            f"The questions {path} cannot be read ({error.strerror}): check the name."
        ) from error
    except (ValueError, KeyError, TypeError, re.error) as error:
        raise CommandFailed(
            f"{path} holds no questions ({error}): give one JSON object a line with document, question and answers."
        ) from error
    return questions


def own_questions() -> list[Path]:
    """The files of questions that come with the app: dev and dev2, to choose by, test and test2, to look at once.

    Those in German and Italian (dev), French and Spanish (test) lie apart, in `languages/`.
    """
    return sorted((assets_dir() / FOLDER).glob("*.jsonl"))


def own_documents() -> set[str]:
    """The names of the documents that the app's own questions are about."""
    return {question.document for file in own_questions() for question in read_questions(file)}


def corpus_files(unpacked: Path, into: Path, names: Collection[str]) -> list[Path]:
    """Those of the known documents that have these names, copied `into` a folder under them.

    unpacked: where Debian's packages were unpacked (`apt-get download PACKAGE; dpkg-deb -x PACKAGE.deb FOLDER`), all
    into one folder or each into one named after it. Raises CommandFailed where one is missing.
    """
    listed = json.loads((assets_dir() / FOLDER / "documents.json").read_text(encoding="utf-8"))
    files, missing = [], []
    for name, entry in listed.items():
        if name not in names:
            continue
        if "debian_package" not in entry:
            files.append(assets_dir().parent / entry["path"])
            continue
        places = (unpacked / entry["path"], unpacked / entry["debian_package"] / entry["path"])
        place = next((place for place in places if place.is_file()), None)
        if place is None:
            missing.append(f"{entry['debian_package']} {entry['version']}")
            continue
        target = into / name
        with (
            gzip.open(place) if place.suffix == ".gz" else place.open("rb") as source,
            target.open("wb") as copy,
        ):
            shutil.copyfileobj(source, copy)
        files.append(target)
    if missing:
        raise CommandFailed(
            f"The folder {unpacked} lacks the unpacked Debian packages {', '.join(missing)}: get each with `apt-get "
            "download` and unpack it there with `dpkg-deb -x`."
        )
    return files
