"""`ahn-chat library`: what is kept, without the page: list, add, remove, rename, search, export."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from app import options
from app.commands.actions import SHOWN_ID, Actions, act_on_store, confirmed, counted
from app.options import CommandFailed, OptionError

if TYPE_CHECKING:
    from app.store import Document, DocumentUsage, Store


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat library`."""
    actions = Actions(
        "library",
        "The documents that are kept on this computer. A document is named by its id, the beginning of it, "
        "or its name.",
    )
    action = actions.add

    action("list", "Show the documents, the one added last first.")
    add = action("add", "Read files into the library.")
    add.add_argument("files", nargs="+", metavar="FILE")
    remove = action("remove", "Delete documents with everything that was made of them.")
    remove.add_argument("documents", nargs="+", metavar="DOCUMENT")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    rename = action("rename", "Give a document another name.")
    rename.add_argument("document", metavar="DOCUMENT")
    rename.add_argument("name", metavar="NAME")
    search = action(
        "search", 'Find places by words, in any of their forms; "in quotation marks" in this order.'
    )
    search.add_argument("words", nargs="+", metavar="WORD")
    search.add_argument(
        "--limit",
        type=options.whole_number,
        default=20,
        metavar="N",
        help="most places shown (default %(default)s)",
    )
    export = action("export", "Write out a document as it was added, or its text.")
    export.add_argument("document", nargs="?", metavar="DOCUMENT")
    export.add_argument("--text", action="store_true", help="the text, a form feed between pages")
    export.add_argument(
        "--everything",
        action="store_true",
        help="all documents with their texts, and all chats, into a folder",
    )
    export.add_argument(
        "--output",
        metavar="PATH",
        help="file or folder to write; '-': standard output (default: the document's name)",
    )
    return actions.parser


def main(argv: Sequence[str]) -> int:
    """Run one action; returns the exit status. Raises CommandFailed or OptionError with one sentence."""
    arguments = parser().parse_args(argv)
    try:
        return act_on_store(arguments, _ACTIONS)
    except OSError as error:
        raise CommandFailed(
            f"{error.filename or 'The output'} cannot be written ({error.strerror or error}); give another --output."
        ) from error


def _list(store: Store, arguments: argparse.Namespace) -> int:
    documents, unreadable = store.documents.list(), store.documents.unreadable()
    if arguments.json:
        _print_json([_values(document) for document in documents] + [asdict(row) for row in unreadable])
        return 0
    for document in documents:
        print(
            f"{document.id[:SHOWN_ID]}  {document.added_at.astimezone():%Y-%m-%d}  "
            f"{counted(document.page_count, document.unit):>14}  {_size(document.nbytes):>9}  {document.name}"
        )
    for row in unreadable:
        print(f"{row.id[:SHOWN_ID]}  cannot be read ({row.reason})  {row.name}")
    if not documents and not unreadable:
        print("The library is empty; `ahn-chat library add FILE` puts a document in.")
    return 0


def _add(store: Store, arguments: argparse.Namespace) -> int:
    from app.documents import DocumentError, expand_paths, extract, format_page_ranges

    added, failed = [], False
    for file in expand_paths(arguments.files):
        try:
            extracted = extract(file, follow=True)
        except DocumentError as error:
            print(f"ahn-chat: {error}", file=sys.stderr)
            failed = True
            continue
        document = store.documents.add(extracted, file if file.is_file() else None)
        added.append(_values(document))
        if not arguments.json:
            print(f"{document.id[:SHOWN_ID]}  {document.name}: {counted(document.page_count, document.unit)}")
        if document.pages_without_text:
            pages = format_page_ranges(document.pages_without_text)
            print(f"{document.name}: no text layer on pages {pages}", file=sys.stderr)
    if arguments.json:
        _print_json(added)
    return int(failed)


def _remove(store: Store, arguments: argparse.Namespace) -> int:
    documents = {document.id: document for document in (find(store, name) for name in arguments.documents)}
    # With --json, standard output is for the JSON alone.
    told: TextIO = sys.stderr if arguments.json else sys.stdout
    removed: list[dict[str, Any]] = []
    for document in documents.values():
        print(removal_sentence(document, store.documents.usage(document.id)), file=told)
        if not arguments.yes and not confirmed(document.name, told):
            print(f"{document.name} is kept.", file=told)
            continue
        usage = store.documents.delete(document.id)
        removed.append({"id": document.id, "name": document.name, **_usage_values(usage)})
        print(f"{document.name} is deleted.", file=told)
    if arguments.json:
        _print_json(removed)
    return 0 if len(removed) == len(documents) else 1


def removal_sentence(document: Document, usage: DocumentUsage) -> str:
    """What deleting a document frees, and which chats have it."""
    parts = ", ".join(f"{kind} {_size(nbytes)}" for kind, nbytes in usage.nbytes.items() if nbytes)
    sentence = f"Deleting {document.name} frees {_size(usage.total)}" + (f" ({parts})." if parts else ".")
    if usage.chats:
        titles = ", ".join(f"“{title}”" for _, title in usage.chats)
        many = len(usage.chats) > 1
        sentence += (
            f" {'Chats use' if many else 'A chat uses'} it: {titles}. {'They keep their' if many else 'It keeps its'} "
            "transcript, but cannot read the document again."
        )
    return sentence


def _rename(store: Store, arguments: argparse.Namespace) -> int:
    document = store.documents.rename(find(store, arguments.document).id, arguments.name)
    if arguments.json:
        _print_json(_values(document))
    else:
        print(f"{document.id[:SHOWN_ID]}  {document.name}")
    return 0


def _search(store: Store, arguments: argparse.Namespace) -> int:
    if arguments.limit < 1:
        raise OptionError(f"A limit of {arguments.limit} shows no page; give --limit at least 1.")
    from app.recall import index_document, search

    names = {document.id: document.name for document in store.documents.list()}
    for document_id in names:
        index_document(store, document_id)  # those that were added before there was an index
    query = " ".join(arguments.words)
    with store.database.reading() as connection:
        hits = search(connection, query, list(names), arguments.limit)
    found = [
        {
            "document_id": hit.document_id,
            "name": names[hit.document_id],
            "page": hit.page,
            "label": hit.label,
            "snippet": " ".join(hit.text.split()),
            "marks": [hit.text[start:end] for start, end in hit.marks],
            "score": round(hit.score, 4),
        }
        for hit in hits
    ]
    if arguments.json:
        _print_json(found)
    for place in () if arguments.json else found:
        page = f"page {place['page']:,}" if place["label"] == str(place["page"]) else place["label"]
        print(f"{place['name']}, {page}: {place['snippet']}")
    if not hits:
        print(f"No page contains “{query}”.", file=sys.stderr)
    return 0 if hits else 1


def _export(store: Store, arguments: argparse.Namespace) -> int:
    if arguments.everything == (arguments.document is not None):
        raise OptionError("Name one document to export, or give --everything alone.")
    if arguments.everything:
        written = export_everything(store, Path(arguments.output or "ahn-chat-export"))
        if arguments.json:
            _print_json([str(path) for path in written])
        else:
            print(f"{len(written):,} files are written to {arguments.output or 'ahn-chat-export'}.")
        return 0
    document_id, name = _id_and_name(store, arguments.document)
    if arguments.text:
        content = "\f".join(store.documents.pages(document_id)).encode("utf-8")
        default = f"{name}.txt"
    else:
        original = store.documents.original(document_id)
        if original is None:
            raise CommandFailed(
                f"The file of {name} was not kept (an earlier version kept the text alone), so it cannot be exported; "
                "export its text with --text, or add the file again."
            )
        content, default = original.read_bytes(), name
    if arguments.output == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return 0
    target = Path(arguments.output or _file_name(default))
    _write_new(target, content)
    if arguments.json:
        _print_json({"id": document_id, "path": str(target)})
    else:
        print(f"{name} is written to {target}.")
    return 0


def export_everything(store: Store, folder: Path) -> list[Path]:
    """Write all documents as files and as text, and all chats as the JSON that is stored of them; what cannot be read
    by this version too. Raises CommandFailed where the folder has files already."""
    if folder.exists() and any(folder.iterdir()):
        raise CommandFailed(
            f"The folder {folder} is not empty, so nothing was written; give another --output."
        )
    written: list[Path] = []

    def place(*parts: str) -> Path:
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        written.append(path)
        return path

    named = [(one.id, one.name) for one in store.documents.list()]
    named += [(one.id, one.name) for one in store.documents.unreadable()]
    for document_id, name in named:
        own = _file_name(f"{document_id[:SHOWN_ID]} {name}")
        original = store.documents.original(document_id)
        if original is not None:
            shutil.copyfile(original, place("documents", own))
        place("texts", f"{own}.txt").write_bytes("\f".join(store.documents.pages(document_id)).encode())
    for chat in store.chats.list():
        text = json.dumps(store.chats.raw(chat.id), indent=2, ensure_ascii=False)
        place("chats", f"{_file_name(chat.id)}.json").write_text(text, "utf-8")
    return written


def find(store: Store, words: str) -> Document:
    """The document with this id, beginning of an id, or name. Raises CommandFailed where there is none, or several."""
    documents = store.documents.list()
    found = [document for document in documents if words in (document.id, document.name)] or [
        document for document in documents if len(words) >= 4 and document.id.startswith(words.lower())
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandFailed(
            f"There is no document “{words}” in the library; `ahn-chat library list` shows them."
        )
    ids = ", ".join(document.id[:SHOWN_ID] for document in found)
    raise CommandFailed(
        f"{len(found)} documents go by “{words}”, so nothing was done; name one by its id: {ids}."
    )


def _id_and_name(store: Store, words: str) -> tuple[str, str]:
    """As `find`, but a document whose row is damaged is found by its id too: its text can be exported."""
    for row in store.documents.unreadable():
        if words in (row.id, row.id[:SHOWN_ID]):
            return row.id, row.name
    document = find(store, words)
    return document.id, document.name


def _write_new(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise CommandFailed(
            f"{path} is there already, so it was left as it is; give another --output."
        ) from error


def _file_name(name: str) -> str:
    """A name for a file, whatever a document is called: no folders, nothing hidden."""
    return re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", name).lstrip(".") or "document"


def _values(document: Document) -> dict[str, Any]:
    values = asdict(document)
    for name in ("added_at", "last_used_at"):
        values[name] = values[name].isoformat() if values[name] is not None else None
    return values


def _usage_values(usage: DocumentUsage) -> dict[str, Any]:
    return {"freed": usage.nbytes, "chats": [{"id": chat, "title": title} for chat, title in usage.chats]}


def _print_json(values: object) -> None:
    print(json.dumps(values, indent=2, ensure_ascii=False))


def _size(nbytes: int | None) -> str:
    if nbytes is None:
        return "text only"
    if nbytes < 1000:
        return f"{nbytes} bytes"
    return f"{nbytes / 1e3:,.1f} kB" if nbytes < 1_000_000 else f"{nbytes / 1e6:,.1f} MB"


_ACTIONS: dict[str, Callable[[Store, argparse.Namespace], int]] = {
    "list": _list,
    "add": _add,
    "remove": _remove,
    "rename": _rename,
    "search": _search,
    "export": _export,
}
