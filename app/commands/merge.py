"""`ahn-chat merge BASE AHN FOLDER` and `ahn-chat split MERGED BASE AHN`: one folder of base and memory, and back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app import options, paths
from app.options import CommandFailed
from app.progress import ProgressLine


def merge_parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat merge`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat merge",
        description="Put a base and an AHN into one folder, file by file.",
        allow_abbrev=False,
    )
    result.add_argument("base", metavar="BASE", help="folder or Hugging Face id of the base")
    result.add_argument("ahn", metavar="AHN", help="folder or Hugging Face id of the AHN")
    result.add_argument("folder", metavar="FOLDER", help="folder to write, which must not be there")
    return _with_data(result)


def split_parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat split`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat split",
        description="Take a folder of base and AHN apart again, file by file.",
        allow_abbrev=False,
    )
    result.add_argument("merged", metavar="MERGED", help="folder of both")
    result.add_argument("base", metavar="BASE", help="folder to write the base to")
    result.add_argument("ahn", metavar="AHN", help="folder to write the AHN to")
    return _with_data(result)


def _with_data(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--data-dir",
        metavar="FOLDER",
        help="the data folder (default: AHN_CHAT_HOME, or the system's place for user data)",
    )
    parser.add_argument("--offline", action="store_true", help="never use the network")
    return parser


def merge_main(argv: Sequence[str]) -> int:
    """Merge; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = merge_parser().parse_args(argv)
    data_dir = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(data_dir, arguments.offline)
    paths.prepare(data_dir)
    from ahn_core.weights.errors import LoadError
    from app.models.merging import merge

    progress = ProgressLine(sys.stderr)
    try:
        base = _folder(data_dir, arguments.base, progress)
        ahn = _folder(data_dir, arguments.ahn, progress)
        merge(base, ahn, Path(arguments.folder), lambda name: progress(f"Writing {name}"))
    except LoadError as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise _unwritable(error) from error
    finally:
        progress.clear()
    print(f"{arguments.folder} holds base and AHN: name it with --model.")
    return 0


def split_main(argv: Sequence[str]) -> int:
    """Split; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = split_parser().parse_args(argv)
    from ahn_core.weights.errors import LoadError
    from app.models.merging import split

    progress = ProgressLine(sys.stderr)
    try:
        split(
            Path(arguments.merged),
            Path(arguments.base),
            Path(arguments.ahn),
            lambda name: progress(f"Writing {name}"),
        )
    except LoadError as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise _unwritable(error) from error
    finally:
        progress.clear()
    print(f"{arguments.base} holds the base and {arguments.ahn} the AHN.")
    return 0


def _folder(data_dir: Path, named: str, progress: ProgressLine) -> Path:
    """The folder of what was named; fetched first where it is a Hugging Face id."""
    from app.models import local
    from app.models.downloads import sentence
    from app.models.hub import Hub
    from app.models.reference import parse_reference

    reference = parse_reference(named)
    if reference is None:
        return Path(named).expanduser()
    found = local.ensure(Hub(), data_dir, reference, lambda step: progress(sentence(step), step.fraction))
    assert found.folder is not None, "what is whole has a folder"
    return found.folder


def _unwritable(error: OSError) -> CommandFailed:
    return CommandFailed(
        f"{error.filename or 'The folder'} cannot be written ({error.strerror or error}), so nothing was kept of it: "
        "free some space or name another folder."
    )
