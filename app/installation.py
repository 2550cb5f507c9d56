"""How the app came onto this machine, and how an extra of pyproject.toml is added to it: said the same everywhere."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# Whether the app runs from its repository. Looked up at once: readers of documents may look at no file later.
CHECKOUT = (PACKAGE.parent / "pyproject.toml").is_file() and (PACKAGE.parent / "assets").is_dir()


def added_by(*extras: str) -> str:
    """The command that adds these extras: a checkout's own launcher, else pip."""
    names = ",".join(extras)
    return f"python launch.py --with {names}" if CHECKOUT else f'pip install "ahn-chat[{names}]"'
