"""Who may read what the app keeps: the data folder and everything in it belong to its owner alone.

Setting the umask would not do: libraries make files of their own, and the folder may have been made by another part of
the program first. So folders and files are set when they are made, and again when the store is opened. Where the
system knows no such permissions (Windows), a user's folder is the user's own anyway, and nothing is changed.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
from pathlib import Path

log = logging.getLogger(__name__)
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
# What the app puts into its data folder. Anything else there may be somebody else's and keeps its permissions.
_OUR_FOLDERS = ("originals", "snapshots", "turns", "running", "models", "native")
_OUR_TREES = (
    "originals",
    "snapshots",
    "turns",
    "running",
)  # with people's own words in them: every file is set
_OUR_FILES = ("store.*", "library.sqlite3*", "chats.sqlite3*")


def make_private_folder(folder: Path) -> None:
    """Make `folder`, and those above it, where there is none, and let its owner alone into it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    make_private(folder)


def make_private_file(path: Path) -> None:
    """Make an empty file for its owner alone, or leave the one that is there. Raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))


def make_private(path: Path) -> None:
    """Take away what others may do with a file or folder of ours.

    Links, other people's files and a folder that everybody shares (as /tmp, with the sticky bit) are left alone.
    """
    if os.name != "posix":
        return
    try:
        status = path.lstat()
        wanted = _FOLDER_MODE if stat.S_ISDIR(status.st_mode) else _FILE_MODE
        ours = status.st_uid == os.geteuid() and (
            stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)
        )
        if ours and not status.st_mode & stat.S_ISVTX and stat.S_IMODE(status.st_mode) != wanted:
            path.chmod(wanted)
    except FileNotFoundError:  # taken away meanwhile, by another process
        pass
    except OSError as error:  # a file system without permissions
        log.warning("Others may be able to read %s: %s", path, error)


def free_bytes(folder: Path) -> int:
    """The bytes that may still be written where `folder` is, or is to be. Raises OSError."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def tighten(data_dir: Path) -> None:
    """Set the permissions of a data folder that may have been made by an older version, or by another program."""
    make_private(data_dir)
    for pattern in _OUR_FILES:
        for path in data_dir.glob(pattern):
            make_private(path)
    for name in _OUR_FOLDERS:
        make_private(data_dir / name)
    for name in _OUR_TREES:
        for folder, folders, files in os.walk(data_dir / name):
            for entry in (*folders, *files):
                make_private(Path(folder) / entry)
