"""Small texts for recall's tests: pages of blocks, and a store that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from app.documents import Extracted, OutlineEntry
from app.documents.model import Block, BlockKind, Page
from app.recall import index_document
from app.store import Store

HANDBOOK: tuple[tuple[tuple[BlockKind, str], ...], ...] = (
    (
        ("heading", "1 The station"),
        (
            "paragraph",
            "Skerrow Light stands eleven nautical miles from Oldport. The tower is 38 metres high.",
        ),
        ("paragraph", "The lens was made in Paris and weighs 2.4 tonnes. It floats in a bath of mercury."),
        ("heading", "2 The signal"),
        (
            "paragraph",
            "The siren gives one blast of five seconds every ninety seconds. Start it with --with-air and",
        ),
    ),
    (
        ("paragraph", "look into /etc/siren.conf first. Two engines, Martha and Ruth, supply the air."),
        ("heading", "3 Stores"),
        ("table_row", "Article | Least amount"),
        ("table_row", "Paraffin | 900 litres"),
        ("table_row", "Diesel | 1,400 litres"),
        ("heading", "4 Landing"),
        ("paragraph", "Nobody lands at night. The crane lifts 500 kilograms, because its wire is thin."),
    ),
)


def pages(texts: Sequence[Sequence[tuple[BlockKind, str]]], labels: Sequence[str] = ()) -> tuple[Page, ...]:
    """Pages of blocks; a heading's level is 1."""
    return tuple(
        Page(
            number,
            tuple(Block(kind, text, level=int(kind == "heading")) for kind, text in blocks),
            label=labels[number - 1] if labels else "",
        )
        for number, blocks in enumerate(texts, 1)
    )


def prose(*paragraphs: str) -> tuple[Page, ...]:
    """One page of paragraphs."""
    return pages([[("paragraph", text) for text in paragraphs]])


def add(store: Store, name: str, layout: tuple[Page, ...], outline: tuple[OutlineEntry, ...] = ()) -> str:
    """Put a document in the store and index it; its id."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    document = store.documents.add(Extracted(name, "txt", digest, layout, outline=outline))
    index_document(store, document.id)
    return document.id


def new_store(folder: Path) -> Store:
    return Store(folder)
