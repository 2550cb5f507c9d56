"""What commands with several actions share: `ahn-chat library list`, `ahn-chat chats export`, …"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO

from app import paths
from app.options import CommandFailed, OptionError

if TYPE_CHECKING:
    from app.store import Store

SHOWN_ID = 8  # digits of an id in tables; any beginning that only one document or chat has will do


class Actions:
    """A command's parser, to which actions are added one by one; each takes --json and --data-dir."""

    def __init__(self, name: str, description: str) -> None:
        self.parser = argparse.ArgumentParser(
            prog=f"ahn-chat {name}", description=description, allow_abbrev=False
        )
        self._actions = self.parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(self, name: str, help: str) -> argparse.ArgumentParser:
        """Another action, for its own arguments."""
        made = self._actions.add_parser(name, help=help, description=help, allow_abbrev=False)
        made.add_argument("--json", action="store_true", help="print JSON")
        made.add_argument(
            "--data-dir",
            metavar="FOLDER",
            help="the data folder (default: AHN_CHAT_HOME, or the system's place for user data)",
        )
        return made


def act_on_store(
    arguments: argparse.Namespace, actions: Mapping[str, Callable[[Store, argparse.Namespace], int]]
) -> int:
    """Run the action that `arguments` name on the store of their data folder; returns the exit status.

    Raises CommandFailed: what the store says; and whatever else an action raises.
    """
    folder = paths.data_dir(arguments.data_dir)
    paths.prepare(folder)
    from app.store import Store, StoreError

    try:
        with Store(folder) as store:
            return actions[arguments.action](store, arguments)
    except StoreError as error:
        raise CommandFailed(str(error)) from error


def confirmed(what: str, told: TextIO) -> bool:
    """Ask whether this should be deleted, on `told`. Raises OptionError where nobody is there to be asked."""
    if not sys.stdin.isatty():
        raise OptionError(f"Nobody can be asked whether to delete {what}, so nothing was deleted; add --yes.")
    print(f"Delete {what}? [y/N] ", end="", file=told, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def counted(count: int, unit: str) -> str:
    """How long a document is, as "1 section" or "12 pages"; `unit` is its own, and stretches of lines are pages."""
    return f"{count:,} {'page' if unit == 'lines' else unit}{'' if count == 1 else 's'}"
