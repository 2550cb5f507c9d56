"""Text and chats become tokens on disk, and samples of them; what cannot be used is one sentence."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from ahn_core.training import corpus as corpora
from ahn_core.training.corpus import Corpus, CorpusError, prepare
from tests.tiny import byte_tokenizer

TOKENIZER = byte_tokenizer()
CHAT = {
    "document": "The mill burned down.",
    "messages": [{"role": "user", "content": "What burned?"}],
    "answers": ["The mill did.", "Another answer."],
}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def prepared(tmp_path: Path) -> Corpus:
    files = [
        write(tmp_path / "a.txt", "abc\n" * 50),
        write(tmp_path / "chats.jsonl", json.dumps(CHAT) + "\n\n" + json.dumps(CHAT) + "\n"),
        write(tmp_path / "b.md", "xyz\n" * 20),
    ]
    return prepare(files, TOKENIZER, tmp_path / "corpus", shortest=50)


def test_documents_lie_one_after_the_other(prepared: Corpus) -> None:
    assert [document.name for document in prepared.documents] == [
        "a.txt",
        "chats.jsonl:1",
        "chats.jsonl:3",
        "b.md",
    ]
    assert [document.file for document in prepared.documents][1:3] == ["chats.jsonl", "chats.jsonl"]
    ends = [document.start + document.length for document in prepared.documents]
    assert [document.start for document in prepared.documents] == [0, *ends[:-1]]
    assert len(prepared) == ends[-1]


def test_text_is_learnt_throughout_and_of_a_chat_the_answer(prepared: Corpus) -> None:
    samples = {}
    rng = random.Random(0)
    while len(samples) < 4:
        sample = prepared.draw(rng, 10_000)  # whole documents
        samples[sample.document] = sample
    assert samples["a.txt"].labels.all()
    assert TOKENIZER.decode(samples["a.txt"].input_ids) == "abc\n" * 50
    chat = samples["chats.jsonl:1"]
    learnt, given = (
        TOKENIZER.decode(chat.input_ids[chat.labels]),
        TOKENIZER.decode(chat.input_ids[~chat.labels]),
    )
    assert learnt == "The mill did.<|im_end|>"
    assert "The mill burned down.\n\nWhat burned?" in given
    assert given.endswith("<|im_start|>assistant\n")


def test_a_long_text_in_pieces_is_the_same_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "_PIECE", 7)
    text = "one two three\nfour\n\nfive six seven eight nine\nten"
    prepared = prepare([write(tmp_path / "t.txt", text)], TOKENIZER, tmp_path / "corpus", shortest=1)
    assert TOKENIZER.decode(prepared.draw(random.Random(0), 1000).input_ids) == text


def test_a_sample_is_a_stretch_of_one_document_and_a_matter_of_the_generator(prepared: Corpus) -> None:
    for seed in range(30):
        sample = prepared.draw(random.Random(seed), 40)
        assert len(sample.input_ids) == len(sample.labels) == 40
        text = TOKENIZER.decode(sample.input_ids)
        assert {"a.txt": text in "abc\n" * 50, "b.md": text in "xyz\n" * 20}.get(sample.document, True)
        again = prepared.draw(random.Random(seed), 40)
        assert again.document == sample.document and again.input_ids.equal(sample.input_ids)


def test_files_are_drawn_by_the_root_of_their_length(tmp_path: Path) -> None:
    files = [write(tmp_path / "long.txt", "a" * 900), write(tmp_path / "short.txt", "b" * 100)]
    prepared = prepare(files, TOKENIZER, tmp_path / "corpus", shortest=1)
    rng = random.Random(0)
    long = sum(prepared.draw(rng, 10).document == "long.txt" for _ in range(2000))
    assert 0.71 < long / 2000 < 0.79  # 30 to 10


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("short.txt", b"too short", "9 tokens, below the 50"),
        ("latin.txt", b"caf\xe9 " * 50, "not UTF-8 text \\(byte 3\\)"),
        ("chats.jsonl", b"{not json}\n", "chats.jsonl:1 is not JSON"),
        ("chats.jsonl", b'{"messages": [], "answers": []}\n', "no usable document"),
        (
            "chats.jsonl",
            b'{"document": "d", "messages": [], "answers": []}\n',
            "no usable messages and answers",
        ),
        ("chats.jsonl", b"[1]\n", "no usable document and messages and answers"),
    ],
)
def test_bad_data_is_one_sentence_and_nothing_is_written(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    good = write(tmp_path / "good.txt", "abc\n" * 50)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=sentence):
        prepare([good, tmp_path / name], TOKENIZER, tmp_path / "corpus", shortest=50)
    assert not (tmp_path / "corpus").exists()


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nowhere.txt cannot be read"):
        prepare([tmp_path / "nowhere.txt"], TOKENIZER, tmp_path / "corpus")
    with pytest.raises(CorpusError, match="No file was given"):
        prepare([], TOKENIZER, tmp_path / "corpus")
    with pytest.raises(CorpusError, match="no prepared corpus"):
        Corpus(tmp_path)


def test_a_corpus_of_another_version_is_refused(prepared: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "corpus" / "corpus.json"
    write(path, path.read_text(encoding="utf-8").replace("ahn-corpus-1", "ahn-corpus-0"))
    with pytest.raises(CorpusError, match="prepared by another version"):
        Corpus(tmp_path / "corpus")
