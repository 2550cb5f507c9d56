"""Searching by meaning: vectors that are kept and go with their passages, and the model's own arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from app.installation import added_by
from app.recall import Aids, choose_quotes, index_document, recall, sense
from app.recall.sense import Sense, SenseError, SentenceEncoder, embed_document
from app.store import Store
from tests.app.recall.support import add, prose

FILLER = "The weather was fine on that day and nobody wrote anything more about it in the book. " * 8
TEXT = prose(FILLER, "The quarrel of the two men was settled at sea. " + FILLER, FILLER)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


class Meaning:
    """A stand-in for the model: what speaks of strife points one way, all else another."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        strife = [any(word in text for word in ("quarrel", "dispute")) for text in texts]
        return np.array([[1.0, 0.0] if one else [0.0, 1.0] for one in strife], np.float32)


def test_what_is_said_in_other_words_is_found(store: Store) -> None:
    document_id = add(store, "book", TEXT)
    meaning = Meaning()
    aids = Aids(vector_search=Sense(store.database, meaning))
    with store.database.reading() as connection:
        question = "How did their dispute end?"
        assert not recall(connection, question, aids=aids).found  # no vectors yet, and no word in common
    assert embed_document(store, document_id, meaning) == 3
    with store.database.reading() as connection:
        recalled = recall(connection, question, aids=aids)
        quotes = choose_quotes(connection, recalled, sense=meaning)
    assert "quarrel" in recalled.looked_at[0].passage.text
    assert "quarrel" in quotes.quotes[0].text


def test_embedding_can_be_stopped_and_goes_on_where_it_was(store: Store) -> None:
    document_id = add(store, "book", prose(*[f"Number {number}. {FILLER}" for number in range(12)]))
    meaning = Meaning()
    rounds = iter([False, True])
    first = embed_document(store, document_id, meaning, stop=lambda: next(rounds))
    assert 0 < first < 12
    with store.database.reading() as connection:
        keys = [key for (key,) in connection.execute("SELECT key FROM indexed_texts")]
    assert Sense(store.database, meaning)("quarrel", keys, 5) == []  # not before all are there
    embedded = len(meaning.texts)
    assert first + embed_document(store, document_id, meaning) == 12
    assert len(meaning.texts) - embedded == 12 - first
    assert embed_document(store, document_id, meaning) == 0
    assert len(Sense(store.database, meaning)("quarrel", keys, 5)) == 5


def test_vectors_go_with_their_document_and_count_in_its_size(store: Store) -> None:
    document_id = add(store, "book", TEXT)
    before = store.documents.usage(document_id)
    embed_document(store, document_id, Meaning())
    grown = store.documents.usage(document_id)
    assert grown != before
    store.documents.delete(document_id)
    with store.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM passage_vectors").fetchone() == (0,)


def test_a_text_in_another_language_is_left_to_words(store: Store) -> None:
    german = (
        "Das Wetter war an diesem Tag schön und niemand schrieb etwas in das Buch, weil es nicht nötig war. "
    )
    document_id = add(store, "buch", prose(german * 10))
    meaning = Meaning()
    assert index_document(store, document_id) > 0
    assert embed_document(store, document_id, meaning) == 0
    assert meaning.texts == []


def test_texts_in_a_batch_have_the_vectors_that_they_have_alone() -> None:
    encoder = _tiny()
    texts = ["one two", "three", "two one three two one", "one " * 400]
    together = encoder(texts)
    assert together.shape == (4, 16)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(together, np.concatenate([encoder([text]) for text in texts]), atol=1e-5)


def test_a_vector_is_the_mean_over_the_tokens() -> None:
    from tokenizers import Tokenizer

    encoder = _tiny()
    model, tokenizer = encoder.model, encoder.tokenizer
    assert isinstance(tokenizer, Tokenizer)
    ids = torch.tensor([tokenizer.encode("one two three").ids])
    with torch.inference_mode():
        mean = model(input_ids=ids).last_hidden_state[0].mean(dim=0)
    expected = torch.nn.functional.normalize(mean, dim=0).numpy()
    np.testing.assert_allclose(encoder(["one two three"])[0], expected, atol=1e-5)


def _tiny() -> SentenceEncoder:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "one": 1, "two": 2, "three": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    config = BertConfig(
        vocab_size=4, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    return SentenceEncoder(BertModel(config, add_pooling_layer=False), tokenizer)


def test_another_model_than_the_known_one_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(SenseError, match="SHA-256"):
        SentenceEncoder.load(tmp_path)


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not sense.is_available()
    with pytest.raises(SenseError, match=re.escape(added_by("sense"))):
        SentenceEncoder.load()
