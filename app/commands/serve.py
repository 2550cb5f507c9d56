"""`ahn-chat serve`: the API alone, without the page."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from app import options, paths
from app.options import ApiChoice, CommandFailed, OptionError

if TYPE_CHECKING:
    import uvicorn

    from app.api import ApiOptions
    from app.ui.loading import LoadEngine

KEY_FILE = "api-key"


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat serve`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat serve",
        description="Serve the OpenAI protocol, without the page, for tools that speak it.",
        allow_abbrev=False,
    )
    server = result.add_argument_group("server")
    server.add_argument(
        "--host",
        default=options.DEFAULT_HOST,
        metavar="ADDRESS",
        help="address to listen on (default %(default)s: this machine alone); nothing is encrypted on the way",
    )
    server.add_argument(
        "--port",
        type=options.whole_number,
        default=options.DEFAULT_PORT,
        metavar="N",
        help="port to listen on (default %(default)s); the next free one if it is taken",
    )
    server.add_argument(
        "--max-upload-mb",
        type=options.whole_number,
        default=options.DEFAULT_UPLOAD_MB,
        metavar="N",
        help="largest file it takes, in megabytes (default %(default)s)",
    )
    options.add_api_arguments(result, optional=False)
    options.add_model_arguments(result)
    return result


def api_options(choice: ApiChoice, folder: Path, max_upload_bytes: int) -> ApiOptions:
    """What the API may use, with the key that was given, or the one in the data folder, made where there is none.

    Raises CommandFailed where that cannot be used.
    """
    from app.api import ApiOptions
    from app.ui.security import kept_token

    try:
        key = choice.key or kept_token(folder / KEY_FILE)
    except OSError as error:
        raise CommandFailed(
            f"The API's key in {folder / KEY_FILE} cannot be used ({error.strerror}): give another with --api-key."
        ) from error
    return ApiOptions(
        key,
        folder,
        conversations=choice.conversations,
        memory_bytes=choice.memory_mb * 2**20,
        documents=choice.documents,
        max_upload_bytes=max_upload_bytes,
    )


def announcement(origin: str, choice: ApiChoice, folder: Path) -> str:
    """Where the API is, and where its key is; the key itself is not shown."""
    key = "the key you gave" if choice.key else f"the key in {folder / KEY_FILE}"
    return f"The OpenAI protocol is at {origin}/v1, with {key}."


def main(argv: Sequence[str]) -> int:
    """Serve until told to end; returns the exit status. Raises CommandFailed or OptionError with one sentence."""
    arguments = parser().parse_args(argv)
    choice = options.api_choice(arguments)
    if not 0 <= arguments.port <= 65535 or arguments.max_upload_mb < 1:
        raise OptionError("--port has to be 0 to 65535, and --max-upload-mb at least 1.")
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    from app import startup

    load = partial(startup.load_engine, options.model_options(arguments), folder)
    try:
        server = ApiServer(
            load,
            api_options(choice, folder, arguments.max_upload_mb * 2**20),
            arguments.host,
            arguments.port,
        )
    except OSError as error:
        raise CommandFailed(
            f"Nothing can listen on {arguments.host}, port {arguments.port} and those after it "
            f"({error.strerror or error}): check --host, or choose another --port."
        ) from error
    with server:
        ended_by = server.serve(announcement(server.origin, choice, folder))
    return 128 + ended_by if ended_by else 0


class ApiServer:
    """Serves the API from a background thread between `start` and `close`; a context manager does both."""

    def __init__(
        self, load: LoadEngine, api: ApiOptions, host: str = options.DEFAULT_HOST, port: int = 0
    ) -> None:
        """port: the first one to try; 0 takes any free one. Raises OSError where there is none."""
        from app.api import Api
        from app.serving import listen, origin_of
        from app.ui.loading import EngineLoader

        self.loader = EngineLoader(load)
        self._options, self._host = api, host
        self._socket = listen(host, port, fixed=False)
        self.port: int = self._socket.getsockname()[1]
        self.origin = origin_of(host, self.port)
        self._api = Api(self.loader, api)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to serve, and to load the model; returns once requests are answered. Raises RuntimeError otherwise."""
        import uvicorn
        from starlette.applications import Starlette

        from app.serving import WILDCARD_HOSTS, own_names
        from app.ui.security import Policy, SecurityMiddleware, new_token

        policy = Policy(
            port=self.port,
            token=new_token(),  # nobody knows it: there is no page
            host=self._host,
            names=own_names() if self._host in WILDCARD_HOSTS else frozenset(),
            max_upload_bytes=self._options.max_upload_bytes,
            page=False,
            api=True,
        )
        app = SecurityMiddleware(Starlette(routes=self._api.routes()), policy)
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="api-server", daemon=True
        )
        self._thread.start()
        self.loader.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError(f"The API could not be served at {self.origin}; the lines above say why.")
            time.sleep(0.01)

    def serve(self, announcement: str) -> int:
        """Say this and wait until told to end; returns the number of the signal, 0 where there was none."""
        from app.serving import until_told

        assert self._thread is not None, "start() comes first"
        return until_told(
            self._thread, lambda: print(f"{announcement}\nIt listens until you press Ctrl+C.", flush=True)
        )

    def close(self) -> None:
        """Stop serving, and keep what the conversations have read."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
        self._socket.close()
        self._api.close()
        if self.loader.engine is not None:
            self.loader.engine.close()

    def __enter__(self) -> ApiServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
