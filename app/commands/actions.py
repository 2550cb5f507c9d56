"""What commands with several actions share: `ahn-chat library list`, `ahn-chat chats export`, …"""

from __future__ import annotations

import argparse

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
