"""Sentences remember what they were made of, and are text for all who do not ask."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from app.conversation.errors import ChatError
from app.sentences import Sentence, from_json, to_json

READ = Sentence("{what} has {count:,} pages.", what=Sentence("The file {name}", name="a.pdf"), count=1234)


def test_a_sentence_is_its_english_text() -> None:
    assert READ == "The file a.pdf has 1,234 pages." and f"{READ}" == "The file a.pdf has 1,234 pages."
    assert {READ: 1}["The file a.pdf has 1,234 pages."] == 1
    assert json.loads(json.dumps([READ])) == ["The file a.pdf has 1,234 pages."]


def test_an_error_raised_with_a_sentence_still_has_it() -> None:
    said = str(ChatError(READ))
    assert isinstance(said, Sentence)
    assert (said.template, said.values) == (READ.template, READ.values)
    again = str(ValueError(str(ChatError(READ))))
    assert isinstance(again, Sentence)


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_remembers_too(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(READ)
    assert (taken, taken.template, taken.values) == (READ, READ.template, READ.values)


def test_json_keeps_a_sentence_with_those_within_it() -> None:
    taken = from_json(json.loads(json.dumps(to_json(READ))))
    assert isinstance(taken, Sentence) and taken == READ
    assert isinstance(taken.values["what"], Sentence) and taken.values["what"].values == {"name": "a.pdf"}
    assert to_json("plain") == "plain" and from_json("plain") == "plain"


def test_json_of_others_is_not_formatted_with() -> None:
    values = {"text": "as it was", "sentence": "{x.__class__} {n:9999999999}", "values": {"x": "y", "n": 1}}
    assert from_json(values) == "as it was"


@pytest.mark.parametrize(
    "value",
    [None, 3, ["a"], {"text": "a"}, {"text": "a", "sentence": "b", "values": {"c": None}},
     {"text": "a", "sentence": "b", "values": {"c": True}}, {"text": 1, "sentence": "b", "values": {}}],
)  # fmt: skip
def test_other_json_is_no_message(value: object) -> None:
    with pytest.raises(ValueError, match="no message"):
        from_json(value)
