"""`ahn-chat chats`: the chats that are kept, without the page: list, export, import."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.actions import SHOWN_ID, Actions, act_on_store
from app.options import CommandFailed, OptionError

if TYPE_CHECKING:
    from app.store import ChatSummary, Store


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat chats`."""
    actions = Actions(
        "chats",
        "The chats that are kept on this computer. A chat is named by its id, the beginning of it, or its "
        "title.",
    )
    action = actions.add

    action("list", "Show the chats, pinned ones first, then the one used last.")
    export = action("export", "Write out a chat, or all of them, as JSON that can be imported again.")
    export.add_argument("chat", nargs="?", metavar="CHAT")
    export.add_argument("--all", action="store_true", help="all chats in one file")
    export.add_argument(
        "--markdown", action="store_true", help="Markdown to be read: one chat, the versions that are shown"
    )
    export.add_argument(
        "--output", metavar="PATH", default="-", help="file to write (default '-': standard output)"
    )
    take = action(
        "import", "Take in the chats of JSON files that were exported; nothing that is there changes."
    )
    take.add_argument("files", nargs="+", metavar="FILE")
    return actions.parser


def main(argv: Sequence[str]) -> int:
    """Run one action; returns the exit status. Raises CommandFailed or OptionError with one sentence."""
    arguments = parser().parse_args(argv)
    from app.conversation import ChatError

    try:
        return act_on_store(arguments, _ACTIONS)
    except ChatError as error:
        raise CommandFailed(str(error)) from error


def _list(store: Store, arguments: argparse.Namespace) -> int:
    from app.conversation.records import unreadable_reason

    chats = store.chats.list("", unreadable_reason)
    if arguments.json:
        _print_json([asdict(chat) for chat in chats])
        return 0
    for chat in chats:
        used = datetime.fromtimestamp(chat.updated_at).astimezone()
        told = " (pinned)" if chat.pinned else ""
        told += f" (cannot be opened: {chat.unreadable})" if chat.unreadable else ""
        questions = f"{chat.turn_count:,} question{'' if chat.turn_count == 1 else 's'}"
        print(f"{chat.id[:SHOWN_ID]}  {used:%Y-%m-%d}  {questions:>13}  {chat.title}{told}")
    if not chats:
        print("There is no chat; they are kept from their first question or document on.")
    return 0


def _export(store: Store, arguments: argparse.Namespace) -> int:
    from app.conversation.exporting import export_all, export_chats
    from app.conversation.markdown_export import markdown_of

    if arguments.all == (arguments.chat is not None):
        raise OptionError("Name one chat to export, or give --all.")
    if arguments.all and arguments.markdown:
        raise OptionError("Markdown is for one chat, to be read; name one, or leave --markdown out.")
    if arguments.all:
        export = export_all(store)
        text = export.text() + "\n"
        for title, reason in export.left_out:
            print(f"ahn-chat: the chat “{title}” is left out: {reason}.", file=sys.stderr)
    else:
        chat = find(store, arguments.chat)
        text = (
            markdown_of(store, chat.id)
            if arguments.markdown
            else export_chats(store, [chat.id]).text() + "\n"
        )
    content = text.encode("utf-8", "replace")
    if arguments.output == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return 0
    target = Path(arguments.output)
    try:
        with target.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise CommandFailed(
            f"{target} is there already, so it was left as it is; give another --output."
        ) from error
    except OSError as error:
        raise CommandFailed(
            f"{target} cannot be written ({error.strerror or error}); give another --output."
        ) from error
    if arguments.json:
        _print_json({"path": str(target)})
    else:
        print(f"Written to {target}.")
    return 0


def _import(store: Store, arguments: argparse.Namespace) -> int:
    from app.conversation.importing import ImportRefused, import_chats

    taken: list[dict[str, Any]] = []
    failed = False
    for name in arguments.files:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            imported = import_chats(store, data)
        except OSError as error:
            print(f"ahn-chat: {name} cannot be read ({error.strerror or error}).", file=sys.stderr)
            failed = True
        except ImportRefused as error:
            print(f"ahn-chat: {name}: {error}", file=sys.stderr)
            failed = True
        else:
            taken += [
                {"file": name, "id": chat_id, "title": title, "missing_documents": list(imported.missing)}
                for chat_id, title in imported.chats
            ]
            if not arguments.json:
                print(f"{name}: {imported.sentence()}")
    if arguments.json:
        _print_json(taken)
    return int(failed)


def find(store: Store, words: str) -> ChatSummary:
    """The chat with this id, beginning of an id, or title. Raises CommandFailed where there is none, or several."""
    chats = store.chats.list()
    found = [chat for chat in chats if words in (chat.id, chat.title)] or [
        chat for chat in chats if len(words) >= 4 and chat.id.startswith(words.lower())
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandFailed(f"There is no chat “{words}”; `ahn-chat chats list` shows them.")
    ids = ", ".join(chat.id[:SHOWN_ID] for chat in found)
    raise CommandFailed(
        f"{len(found)} chats go by “{words}”, so nothing was done; name one by its id: {ids}."
    )


def _print_json(values: object) -> None:
    print(json.dumps(values, indent=2, ensure_ascii=False))


_ACTIONS: dict[str, Callable[[Store, argparse.Namespace], int]] = {
    "list": _list,
    "export": _export,
    "import": _import,
}
