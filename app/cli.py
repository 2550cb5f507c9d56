"""The command `ahn-chat`: the page by default, `ask` for one question without it, `text` to see what is read of a
document, `library` for what is kept, `bench` and `eval` for figures, and `prepare`, `train` and `memory` to teach a
memory.

Only what an option needs is imported: `--help` and a refused flag answer at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from app import __version__, options, paths
from app.options import CommandFailed, OptionError, Options

# Where each command is, as module:function.
COMMANDS = {
    **{
        name: f"app.commands.{name}:main"
        for name in ("ask", "chats", "doctor", "library", "mcp", "memory", "models", "plan", "serve", "text")
    },
    "bench": "app.bench:main",
    "eval": "app.evaluation:main",
    "merge": "app.commands.merge:merge_main",
    "split": "app.commands.merge:split_main",
    "prepare": "app.commands.train:prepare_main",
    "train": "app.commands.train:train_main",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status (0 done, 1 failed, 2 wrong usage, 128 + N ended by signal N)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments and arguments[0] in COMMANDS:
            module, _, function = COMMANDS[arguments[0]].partition(":")
            status = int(getattr(import_module(module), function)(arguments[1:]))
            print(end="", flush=True)  # also where there is no standard output
            return status
        return serve(page_parser().parse_args(arguments))
    except BrokenPipeError:  # whoever read along, as `head` does, has seen enough
        # Nothing more can be written, at the end of the program neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OptionError, CommandFailed) as error:
        print(f"ahn-chat: {error}", file=sys.stderr)
        return 2 if isinstance(error, OptionError) else 1
    except KeyboardInterrupt:
        return 130


def page_parser() -> argparse.ArgumentParser:
    """The flags of the page."""
    parser = argparse.ArgumentParser(
        prog="ahn-chat",
        description="Chat with documents far longer than a model's window, on this computer, in constant memory.",
        epilog="`ahn-chat ask FILE… QUESTION` answers one question without the page, `ahn-chat serve` serves the "
        "OpenAI protocol and `ahn-chat mcp` the library to agents, `ahn-chat text FILE` prints what is read "
        "of a document, `ahn-chat library` shows and changes what is kept, `ahn-chat chats` writes "
        "chats out and takes them in, `ahn-chat models` fetches "
        "models, `ahn-chat plan` counts what one takes, `ahn-chat merge` and `ahn-chat split` make one "
        "folder of base and AHN and back, `ahn-chat bench` measures this machine, `ahn-chat eval` a memory, "
        "and `ahn-chat prepare`, `ahn-chat train` and `ahn-chat memory` teach one; "
        "`ahn-chat doctor` says what computes here and why; each has its own --help.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ahn-chat {__version__}")
    page = parser.add_argument_group("page")
    page.add_argument(
        "--host",
        default=options.DEFAULT_HOST,
        metavar="ADDRESS",
        help="address to listen on (default %(default)s: this machine alone); any other needs --auth",
    )
    page.add_argument(
        "--port",
        type=options.whole_number,
        default=options.DEFAULT_PORT,
        metavar="N",
        help="port to listen on (default %(default)s); the next free one if it is taken",
    )
    page.add_argument("--no-browser", action="store_true", help="do not open the page in the browser")
    page.add_argument(
        "--language",
        choices=options.LANGUAGES,
        help="language of the page (default: as chosen in its settings, else the browser's)",
    )
    page.add_argument(
        "--ssl-certfile", metavar="FILE", help="certificate (PEM) to serve the page over https with"
    )
    page.add_argument("--ssl-keyfile", metavar="FILE", help="key (PEM) of that certificate")
    page.add_argument("--auth", metavar="USER:PASSWORD", help="ask for this login")
    page.add_argument(
        "--max-upload-mb",
        type=options.whole_number,
        default=options.DEFAULT_UPLOAD_MB,
        metavar="N",
        help="largest file the page takes, in megabytes (default %(default)s)",
    )
    options.add_api_arguments(parser, optional=True)
    options.add_model_arguments(parser)
    parser.set_defaults(model=None)  # then what was chosen in the page counts
    return parser


def serve(arguments: argparse.Namespace) -> int:
    """Open the page; the model loads behind it. Returns when the user stops the program."""
    from app.models.desk import ModelDesk, Named, chosen_before

    data_dir = paths.data_dir(arguments.data_dir)
    model = options.model_options(arguments)
    if arguments.model is None:  # what was chosen in the page the last time
        before = chosen_before(data_dir)
        model = replace(model, model=before.model, ahn=arguments.ahn or before.ahn)
    chosen = Options(
        data_dir=data_dir,
        model=model,
        host=arguments.host,
        port=arguments.port,
        open_browser=not arguments.no_browser,
        offline=arguments.offline,
        max_upload_mb=arguments.max_upload_mb,
        certificate=options.parse_certificate(arguments.ssl_certfile, arguments.ssl_keyfile),
        language=arguments.language,
        auth=options.parse_auth(arguments.auth) if arguments.auth is not None else None,
        api=options.api_choice(arguments) if arguments.api else None,
    )
    options.apply_to_environment(chosen.data_dir, chosen.offline)
    paths.prepare(chosen.data_dir)

    from app import startup
    from app.commands.serve import api_options
    from app.ui import launch_app
    from app.ui.security import kept_token

    def load(named: Named) -> Callable[..., Any]:
        return partial(
            startup.load_engine, replace(chosen.model, model=named.model, ahn=named.ahn), chosen.data_dir
        )

    in_use = Named(chosen.model.model, chosen.model.ahn)
    api = chosen.api and api_options(chosen.api, chosen.data_dir, chosen.max_upload_bytes)
    try:
        ended_by = launch_app(
            partial(startup.load_engine, chosen.model, chosen.data_dir),
            host=chosen.host,
            port=chosen.port,
            auth=chosen.auth,
            token=kept_token(chosen.data_dir / "page-token"),
            max_upload_bytes=chosen.max_upload_bytes,
            certificate=chosen.certificate,
            language=chosen.language,
            model_name=startup.shown_name(chosen.model),
            open_browser=chosen.open_browser,
            models=ModelDesk(
                chosen.data_dir, load, in_use=in_use, device=chosen.model.device, dtype=chosen.model.dtype
            ),
            announce=partial(announce, chosen),
            api=api,
        )
    except OSError as error:
        raise CommandFailed(
            f"Nothing can listen on {chosen.host}, port {chosen.port} and those after it ({error.strerror or error}): "
            "check --host, or choose another --port."
        ) from error
    return 128 + ended_by if ended_by else 0


def announce(chosen: Options, link: str) -> None:
    """Say where the page is, that its port is another one than asked for, and where the API is."""
    from app.commands.serve import announcement

    address = urlsplit(link)
    if chosen.port not in (0, address.port):
        print(f"Port {chosen.port} is taken, so the page is on port {address.port}.", flush=True)
    if chosen.api is not None:
        print(announcement(f"{address.scheme}://{address.netloc}", chosen.api, chosen.data_dir), flush=True)
    if chosen.auth is not None and chosen.certificate is None and not options.is_loopback(chosen.host):
        print(
            "This page is served over plain HTTP: whoever is on the network can read the login, the documents and the "
            "answers. Start with --ssl-certfile and --ssl-keyfile to serve it over https.",
            flush=True,
        )
    print(f"AHN Chat is at {link}\nIt listens until you press Ctrl+C.", flush=True)
