"""Where the app's own files and the user's data lie."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs

from app.installation import CHECKOUT, PACKAGE
from app.options import CommandFailed
from app.store.files import make_private_folder


def assets_dir() -> Path:
    """The folder `assets` of a checkout, or the copy inside an installed package."""
    return PACKAGE.parent / "assets" if CHECKOUT else PACKAGE / "_assets"


def data_dir(override: str | Path | None = None) -> Path:
    """The user's data folder: `override` (--data-dir), AHN_CHAT_HOME, or the platform's own place; absolute."""
    return (Path(override).expanduser() if override else _default_data_dir()).absolute()


def _default_data_dir() -> Path:
    named = os.environ.get("AHN_CHAT_HOME")
    return (
        Path(named).expanduser() if named else Path(platformdirs.user_data_dir("ahn-chat", appauthor=False))
    )


def prepare(folder: Path) -> None:
    """Make the data folder, for its owner alone. Raises CommandFailed where it cannot be written to."""
    try:
        make_private_folder(folder)
        with tempfile.TemporaryFile(dir=folder):  # of its own name: several processes may begin at once
            pass
    except OSError as error:
        raise CommandFailed(
            f"The data folder {folder} cannot be written to ({error.strerror}): choose another with --data-dir."
        ) from error
