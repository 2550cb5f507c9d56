"""An answer held against the text: what is found here, elsewhere, nowhere, or said of something else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evaluation import checks as evaluation
from app.recall.alignment import align, cite
from app.recall.checks import Check, Checked, check_answer
from app.recall.index import TextIndex
from app.recall.sources import Source

HERE = [
    Source(
        "m",
        "manual.pdf",
        3,
        "iii",
        "The harbour crane lifts 8,000 kilograms and the winch pulls 10,592 kg. Thomas Stevenson built it in 1872. "
        "The valve must not be opened before the pump has stopped.",
    ),
    Source(
        "m",
        "manual.pdf",
        4,
        "4",
        "Anna Lind came on 26 November 1912. The light-\nhouse is fifteen metres high.",
    ),
]
ELSEWHERE = [TextIndex([*HERE, Source("m", "manual.pdf", 9, "9", "A boat from Hamburg pays 35 dollars.")])]


def _check(answer: str, question: str = "") -> Checked:
    return check_answer(answer, question, HERE, ELSEWHERE)


def _only(answer: str, question: str = "") -> Check:
    (check,) = _check(answer, question).checks
    return check


def test_a_value_is_here_elsewhere_or_absent() -> None:
    here = _only("The lighthouse is 15 m tall.")
    assert (here.status, here.page, here.label, here.document_id, here.wrong) == ("here", 4, "4", "m", False)
    assert _only("It costs $35.").status == "elsewhere"
    assert _only("It costs $35.").page == 9
    assert _only("It costs $36.").status == "absent"


def test_what_only_the_question_says_is_not_absent() -> None:
    assert _only("It is not said that it lifts 77 tonnes.", "Does it lift 77 tonnes?").status == "question"


def test_a_value_of_another_thing_is_doubtful() -> None:
    wrong = _only("The crane lifts 10,592 kilograms.", "How much does the crane lift?")
    right = _only("The crane lifts 8,000 kilograms.", "How much does the crane lift?")
    assert wrong.status == "here" and wrong.doubtful and wrong.wrong
    assert not right.doubtful and right.support > wrong.support


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        ("It was built by Thomas Stevenson.", "name", "here"),
        ("It was built by Robert Stevenson.", "name", "absent"),
        ("She came on Nov. 26th, 1912.", "date", "here"),
        ("She came on 27 November 1912.", "date", "absent"),
        ("It says “the lighthouse is fifteen metres high”.", "quotation", "here"),
        ("It says “the lighthouse is red”.", "quotation", "absent"),
        ("It says “the harbour crane … pulls 10,592 kg”.", "quotation", "here"),
        ("The valve must be opened before the pump has stopped.", "negation", "absent"),
        ("Give it --with-x then.", "option", "absent"),
    ],
)
def test_kinds(answer: str, kind: str, status: str) -> None:
    check = _only(answer)
    assert (check.kind, check.status) == (kind, status)


@pytest.mark.parametrize(
    "answer",
    [
        "The valve must not be opened before the pump has stopped.",
        "Sometimes people wait. Nobody knows why.",
        "1. Wait.\n2. Look [1].\n3. Listen, see page 3.",
    ],
)
def test_nothing_to_look_for(answer: str) -> None:
    assert _check(answer).checks == ()


def test_what_is_copied_is_right() -> None:
    rows = ["| Model | Context | Memory |", "| small | 1,024 | 55 MB |", "| small plus | 2,048 | 55 MB |"]
    table = "\n".join([*rows, "| large | 4,096 | 103 MB |"])
    text = f"{table}\n\nThe small model never sleeps. The small model sleeps in winter, when it is not used."
    for line in text.split("\n"):
        checked = check_answer(line, "", [Source("t", "t", 1, "1", text)])
        assert not any(check.wrong for check in checked.checks), line


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        # A part that begins with its value shares the subject before it; one of nothing but values shares all.
        ("Entry costs 24 pounds in the open class and 8 pounds for juniors.", "A junior's entry costs 8 pounds.",
         "The entry of juniors costs 24 pounds."),
        ("The yard opens at 7.15 a.m. and closes at 5 p.m., on Fridays at 3.30 p.m.",
         "On Fridays the yard closes at 3.30 p.m.",
         "On Fridays the yard closes at 5 p.m."),
        # What stands after a semicolon belongs to the values there.
        ("Men sail for the cup of 1958; boys sail for the oar, given in 1983.", "The oar was given in 1983.",
         "The oar was given in 1958."),
    ],
)  # fmt: skip
def test_values_of_another_thing_in_one_sentence(text: str, right: str, wrong: str) -> None:
    here = [Source("b", "b", 1, "1", text)]
    assert not any(check.wrong for check in check_answer(right, "", here).checks)
    assert any(check.doubtful for check in check_answer(wrong, "", here).checks)


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation.main(["checks", "--part", "fresh", "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["part"] == "fresh" and report["kinds"]["right"]["answers"] > 20


def test_german_nouns_are_no_names() -> None:
    here = [Source("b", "b", 1, "1", "Die Pumpe steht im Keller. Herr Karl Brandt wartet sie.")]
    answer = "Der Kessel steht neben der Treppe. Die Wartung macht Herr Karl Brandt, nicht Herr Otto Weber."
    names = [
        (check.text, check.status) for check in check_answer(answer, "", here).checks if check.kind == "name"
    ]
    assert names == [("Herr Karl Brandt", "here"), ("Herr Otto Weber", "absent")]


def test_grounding() -> None:
    assert _check("The lighthouse is fifteen metres high.").grounding == "text"
    assert (
        _check("The lighthouse is fifteen metres high. Zebras graze in far savannas all summer.").grounding
        == "partly"
    )
    assert _check("Zebras graze in far savannas all summer.").grounding == "memory"
    assert _check("The lighthouse is sixteen metres high.").grounding != "text"


def test_citations_lead_to_the_sentence() -> None:
    answer = "The lighthouse has a height of 15 metres. Zebras graze far away. The winch pulls 10,592 kg."
    cited = cite(answer, align(answer, HERE), HERE)
    assert cited.text == (
        "The lighthouse has a height of 15 metres. [1] Zebras graze far away. The winch pulls 10,592 kg. [2]"
    )
    first, second = cited.citations
    assert (first.page, first.label, first.text) == (4, "4", "The light-\nhouse is fifteen metres high.")
    assert (second.page, second.label) == (3, "iii") and second.text.startswith("The harbour crane")
    assert [answer[:offset][-1] for offset, _ in cited.marks] == [".", "."]


def test_sentences_that_rest_on_one_share_its_number() -> None:
    answer = "The winch pulls 10,592 kg. The crane lifts 8,000 kilograms."
    assert [number for _, number in cite(answer, align(answer, HERE), HERE).marks] == [1, 1]


_PIECES = st.sampled_from(
    [
        "crane ",
        "Crane ",
        "10,592",
        " kg",
        "“",
        "”",
        '"',
        "`",
        "May 5",
        ".",
        "\n",
        "- ",
        "1. ",
        "三十五",
        "not ",
        "Dr. ",
    ]
    + [
        "Thomas Stevenson",
        "--x",
        "/a/b",
        "é",
        "n't ",
        "½",
        "«",
        "»",
        "\u00ad",
        "\f",
        "[1]",
        "26.11.2026",
        "7 pm",
        "|",
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_PIECES, max_size=30).map("".join) | st.text(max_size=120), st.text(max_size=40))
def test_any_text_can_be_checked(answer: str, question: str) -> None:
    checked = _check(answer, question)
    for check in checked.checks:
        assert check.text == answer[check.start : check.end] != ""
        assert 0.0 <= check.support <= 1.0
        assert (check.status in ("absent", "question")) == (check.page is None) or check.kind == "negation"
    marked = cite(answer, checked.alignments, HERE)
    assert len(marked.text) == len(answer) + sum(len(f" [{number}]") for _, number in marked.marks)
    plain = [check for check in checked.checks if check.kind != "negation"]
    assert all(one.end <= other.start for one, other in zip(plain, plain[1:], strict=False))


@pytest.mark.parametrize(
    "piece",
    ["15 ", "1,", "1.", "a-", "--", "a_", "“a ", "Miller ", "- 1. ", "\n> a", "A1", "not ", "a@", "9"],
)
def test_long_repetitions_end(piece: str) -> None:
    """Each takes well under a second; time that grew with the square would take minutes."""
    answer = piece * (10_000 // len(piece))
    assert all(check.end <= len(answer) for check in _check(answer, answer[:200]).checks)


@pytest.mark.parametrize(
    ("part", "least_marked", "most_wrongly"),
    [("tune", 0.9, 0.05), ("held", 0.9, 0.05), ("fresh", 0.9, 0.05), ("others", 0.8, 0.06)],
)
def test_wrong_facts_are_marked_and_right_ones_are_not(
    part: str, least_marked: float, most_wrongly: float
) -> None:
    tallies, _ = evaluation.evaluate(evaluation.load(part))
    wrong, marked = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("wrong", "marked"))
    right, wrongly = (
        sum(getattr(tally, name) for tally in tallies.values()) for name in ("right", "marked_wrongly")
    )
    assert sum(tally.answers for tally in tallies.values()) > 50
    assert marked >= least_marked * wrong
    assert wrongly <= most_wrongly * right
