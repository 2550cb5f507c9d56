"""`ahn-chat mcp`: the library for editors and agents that speak the Model Context Protocol, over standard input and
output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from app import options, paths
from app.installation import added_by
from app.options import CommandFailed
from app.progress import ProgressLine


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat mcp`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat mcp",
        description="Serve the library to an editor or agent that speaks the Model Context Protocol: it starts this "
        "command by itself (docs/api.md). The model is loaded at the first question.",
        allow_abbrev=False,
    )
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Serve until the client closes standard input; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = parser().parse_args(argv)
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    try:
        from app.mcp.server import library_server
        from app.mcp.tools import LibraryTools
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "mcp":
            raise
        raise CommandFailed(
            f"The MCP server needs the package mcp, which is not installed: {added_by('mcp')}."
        ) from error
    from app import startup
    from app.store import Store, StoreError

    # What loading says goes to standard error: standard output belongs to the protocol.
    load = partial(startup.load_engine, options.model_options(arguments), folder, ProgressLine(sys.stderr))
    try:
        with LibraryTools(Store(folder), load) as tools:
            library_server(tools).run("stdio")
    except StoreError as error:
        raise CommandFailed(str(error)) from error
    return 0
