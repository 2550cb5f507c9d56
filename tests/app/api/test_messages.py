"""From messages to questions, and the marks around an answer, without a server."""

from __future__ import annotations

import pytest

from app.api.answer import TokensRead
from app.api.errors import ApiError
from app.api.logprobs import TokenTexts
from app.api.marks import marked, quotes_before, sources_after, without_marks
from app.api.messages import asked, conversation
from app.api.requests import Message
from app.conversation.events import PromptRead, Turn
from app.conversation.evidence import Evidence, Review, TurnCitation, TurnQuote
from tests.tiny import byte_tokenizer


def said(*messages: tuple[str, str]) -> list[Message]:
    return [Message(role=role, content=content) for role, content in messages]


def test_neighbours_of_one_role_are_put_together() -> None:
    found = conversation(
        said(
            ("system", "One."), ("developer", "Two."), ("assistant", "Hello!"), ("user", "a"), ("user", "b"),
            ("assistant", "c"), ("assistant", "d"), ("system", "Now be brief."), ("user", "e"),
        )
    )  # fmt: skip
    assert found.system == "One.\n\nTwo."
    assert [(one.question, one.answer) for one in found.rounds] == [
        ("", "Hello!"),
        ("a\n\nb", "c\n\nd"),
        ("Now be brief.\n\ne", ""),
    ]
    assert conversation(said(("user", "a"))).system is None
    assert conversation(said(("system", ""), ("user", "a"))).system == ""


def test_a_long_message_is_cut_into_document_and_question() -> None:
    long = "\n\n".join(["Sum this up:", "x" * 90, "y" * 90, "In one line."])
    cut = asked(long, 100, len)
    assert (cut.question, cut.document) == ("Sum this up:\n\nIn one line.", "x" * 90 + "\n\n" + "y" * 90)
    assert asked("short", 100, len).document == ""
    assert asked("Sum this up:\n\n" + "x" * 200, 100, len).question == "Sum this up:"
    assert asked("x" * 200 + "\n\nWhy?", 100, len).question == "Why?"
    titled = asked("A title\n\n" + "x" * 200 + "\n\nWhy?", 100, len)
    assert (titled.question, titled.document) == ("Why?", "A title\n\n" + "x" * 200)
    cut = asked("x" * 80 + "\n" + "y" * 80 + "\nWhy?", 100, len)
    assert (cut.question, cut.document) == ("Why?", "x" * 80 + "\n" + "y" * 80)
    with pytest.raises(ApiError):
        asked("x" * 200, 100, len)


def test_marks_are_taken_off_again() -> None:
    place = {"document_id": "d", "document": "a.pdf", "page": 2, "label": "2", "places": ((2, 0, 9),)}
    quote = TurnQuote(**place, revision=1, text="It is shut.", core=(0, 11), score=1.0)  # type: ignore[arg-type]
    cited = TurnCitation(**place, number=1, text="It is\nshut.", score=1.0, ends=(9,))  # type: ignore[arg-type]
    evidence = Evidence(quotes=(quote,), found=True)
    turn = Turn("?", "It stays. So.", evidence=evidence, review=Review((cited,)))
    whole = quotes_before(evidence) + marked(turn) + sources_after(turn)
    assert whole == (
        "> “It is shut.” (a.pdf, p. 2)\n\nIn the model's own words:\n\nIt stays [1]. So.\n\n"
        "[1] a.pdf, p. 2: “It is shut.”"
    ).replace("stays [1].", "stays. [1]")
    assert without_marks(whole) == turn.answer
    assert without_marks(quotes_before(evidence) + turn.answer) == turn.answer
    assert without_marks(quotes_before(Evidence(found=False)) + "No.") == "No."
    for plain in ("As [1] says.", "> “A quote.”", "", "In the model's own words:\n\nYes"):
        assert without_marks(plain) == plain
    assert quotes_before(Evidence()) == ""


def test_tokens_of_several_readings_are_added_up() -> None:
    read = TokensRead()
    for done, total in ((4, 9), (9, 9), (9, 9), (2, 7), (7, 7)):
        read.add(PromptRead(done, total, 1.0))
    assert read.tokens == 9 + 9 + 7


def test_half_characters_keep_their_bytes() -> None:
    tokenizer = byte_tokenizer()
    texts = TokenTexts(tokenizer)
    ids = tokenizer.encode("a é\n")
    assert b"".join(map(texts.bytes_of, ids)) == "a é\n".encode()
    assert texts.bytes_of(tokenizer.convert_tokens_to_ids("<|im_end|>")) == b"<|im_end|>"
