"""Words compared with a reference: what counts as the same word, and each figure on readings whose faults are known."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from app.evaluation import extraction
from app.evaluation.words import Comparison, compare, compare_pages, longest_common_subsequence, words
from app.options import CommandFailed
from tests import pdfs


def test_what_is_no_difference_to_a_person_is_none() -> None:
    assert words("A light-\nhouse, WELL-KNOWN: ﬁve \u201cwords\u201d") == [
        "a",
        "lighthouse",
        "wellknown",
        "five",
        "words",
    ]
    assert words("size_t /etc/fstab 10,592") == ["size", "t", "etc", "fstab", "10", "592"]
    assert words("安全弁は 閉じる。") == list("安全弁は閉じる")
    assert words("Mu\u0308ller") == words("Müller")


def test_each_figure_counts_what_it_says() -> None:
    reference = words("one two three four five five")
    assert compare(reference, reference) == Comparison(6, 6, 6, 6)
    assert compare(reference, words("one three two five five five six")) == Comparison(6, 7, 5, 4)
    assert compare([], ["noise"]) == Comparison(0, 1, 0, 0)


def test_pages_are_compared_one_with_the_other() -> None:
    first, second, third = compare_pages(["a b", "c"], ["a", "b c", "d"])
    assert (first.found, second.found, second.extra, third.extra) == (1, 1, 1, 1)


def test_the_longest_common_subsequence_is_that_of_the_table() -> None:
    draw = random.Random(7)
    for _ in range(100):
        one = [draw.choice("abcde") for _ in range(draw.randrange(30))]
        other = [draw.choice("abcde") for _ in range(draw.randrange(90))]
        row = [0] * (len(other) + 1)
        for item in one:
            before = row
            row = [0]
            for index, candidate in enumerate(other):
                row.append(before[index] + 1 if item == candidate else max(row[index], before[index + 1]))
        assert longest_common_subsequence(one, other) == row[-1]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is not installed")
def test_the_command_compares_a_file_with_pdftotext(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pdfs.make_pdf(tmp_path / "manual.pdf", ["Close the valve before start.", "Wait ten minutes."])
    assert extraction.main(["extraction", str(path), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["pages"], report["words"], report["found"], report["extra"], report["order"]) == (
        2,
        8,
        1,
        0,
        1,
    )
    assert extraction.main(["extraction", str(path), "--pages", "1"]) == 0
    assert "manual.pdf" in capsys.readouterr().out


def test_what_cannot_be_compared_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"^No PDF was named"):
        extraction.main(["extraction"])
    with pytest.raises(
        CommandFailed, match=r"listed manuals are not in .*apt-get download developers-reference"
    ):
        extraction.main(["extraction", "--corpus", str(tmp_path)])


def test_the_corpus_is_as_wide_as_it_should_be() -> None:
    manuals = extraction.corpus()
    assert len(manuals) >= 25 and len({manual.language for manual in manuals}) >= 10
    assert len({(manual.package, manual.path) for manual in manuals}) == len(manuals)
