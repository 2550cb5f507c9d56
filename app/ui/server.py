"""The page on a port: gradio inside our own application, with the security layer outside of both."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, WebSocket
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.requests import HTTPConnection
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app import paths
from app.api import Api, ApiOptions
from app.conversation import ChatSettings
from app.models.desk import ModelDesk
from app.serving import WILDCARD_HOSTS, listen, origin_of, own_names, until_told
from app.ui.chat_files import ChatFiles
from app.ui.document_files import DocumentFiles
from app.ui.head import LanguageFirst, head
from app.ui.ingest import UploadFolder
from app.ui.labels import translations
from app.ui.live import LiveChannel
from app.ui.loading import EngineLoader, LoadEngine
from app.ui.page import Page
from app.ui.security import LIVE_ROUTE, Policy, SecurityMiddleware, new_token
from app.ui.theme import THEME
from app.ui.words.server import SERVER
from app.ui.words.translated import Language

ASSETS = paths.assets_dir() / "ui"


@dataclass(frozen=True)
class ServerOptions:
    """How the page is served.

    Args:
        host: address to listen on; anything but loopback should come with `auth`.
        port: first port to try; 0 takes any free one.
        fixed_port: fail with OSError where `port` is taken instead of trying the next ones.
        auth: user name and password to ask for.
        max_upload_bytes: largest upload.
        settings: what a new chat starts with.
        model_name: shown until the model is loaded.
        token: lets a browser in; a new one where it is empty.
        open_browser: open the page in the default browser.
        certificate: files of a TLS certificate and its key, to serve the page over https.
        models: for the models' tab: what can be fetched and used; None: the page keeps to the model it started with.
        language: of the page; None: as chosen in its settings, else the browser's.
        announce: called with the link once the page answers; prints it by default.
        api: what the OpenAI protocol may use; None: it is not served.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    fixed_port: bool = False
    auth: tuple[str, str] | None = field(default=None, repr=False)
    max_upload_bytes: int = 200 * 2**20
    settings: ChatSettings | None = None
    model_name: str = ""
    token: str = field(default="", repr=False)
    open_browser: bool = False
    certificate: tuple[str, str] | None = None
    language: Language | None = None
    announce: Callable[[str], None] | None = None
    models: ModelDesk | None = field(default=None, repr=False)
    api: ApiOptions | None = None


def _print_link(link: str) -> None:
    print(SERVER().link.format(link=link), file=sys.stdout, flush=True)


class PageServer:
    """Serves the page from a background thread between `start` and `close`; a context manager does both."""

    def __init__(self, load: LoadEngine, options: ServerOptions | None = None) -> None:
        self.options = options or ServerOptions()
        self.token = self.options.token or new_token()
        self.loader = EngineLoader(load)
        self._socket = listen(self.options.host, self.options.port, fixed=self.options.fixed_port)
        self.port: int = self._socket.getsockname()[1]
        self._uploads = Path(tempfile.mkdtemp(prefix="ahn-chat-"))
        self._server: uvicorn.Server | None = None
        self._files: DocumentFiles | None = None
        self._api: Api | None = None
        self._thread: threading.Thread | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port to reach the page under."""
        scheme = "http" if self.options.certificate is None else "https"
        return origin_of(self.options.host, self.port, scheme)

    @property
    def link(self) -> str:
        """The address that lets a browser in."""
        return f"{self.origin}/?token={self.token}"

    def start(self) -> None:
        """Begin to serve, and to load the model; returns once the page answers. Raises RuntimeError otherwise."""
        certificate, key = self.options.certificate or (None, None)
        config = uvicorn.Config(
            self._application(),
            log_level="warning",
            timeout_graceful_shutdown=1,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="page-server", daemon=True
        )
        self._thread.start()
        self.loader.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError(SERVER().not_served.format(origin=self.origin))
            time.sleep(0.01)

    def serve(self) -> int:
        """Tell where the page is, open it where that was asked for, and wait until the server ends or is told to.

        It is told by Ctrl+C, by a signal to end or by the end of its terminal. Call it from the main thread. Returns
        the number of the signal, 0 where the server ended by itself.
        """
        assert self._thread is not None, "start() comes first"

        def begin() -> None:
            (self.options.announce or _print_link)(self.link)
            if self.options.open_browser:
                webbrowser.open(self.link)

        return until_told(self._thread, begin)

    def close(self) -> None:
        """Stop serving, keep what the chats have read, and delete uploads nobody took."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
        self._socket.close()
        if self.options.models is not None:
            self.options.models.close()
        if self._files is not None:
            self._files.close()
        if self._api is not None:
            self._api.close()
        if self.loader.engine is not None:
            self.loader.engine.close()
        shutil.rmtree(self._uploads, ignore_errors=True)

    def __enter__(self) -> PageServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _application(self) -> ASGIApp:
        os.environ["GRADIO_TEMP_DIR"] = str(
            self._uploads
        )  # where gradio puts uploads; read when the page is built
        chosen, uploads = self.options, UploadFolder(self._uploads)
        page = Page(self.loader, uploads, chosen.settings, chosen.model_name, chosen.models)
        channel = LiveChannel(page.handlers)

        async def live(websocket: WebSocket) -> None:
            if _logged_in(app.routes[-1].app, websocket):  # type: ignore[attr-defined]
                await channel(websocket)
            else:
                await websocket.close(1008)

        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.add_api_websocket_route(LIVE_ROUTE, live)
        app.mount("/ui", _OwnFiles(directory=ASSETS))
        self._files = DocumentFiles(
            self.loader,
            lambda request: _logged_in(app.routes[-1].app, request),  # type: ignore[attr-defined]
        )
        app.router.routes.extend(self._files.routes())
        chats = ChatFiles(
            self.loader,
            lambda request: _logged_in(app.routes[-1].app, request),  # type: ignore[attr-defined]
            page.tabs,
        )
        app.router.routes.extend(chats.routes())
        if self.options.api is not None:
            self._api = Api(self.loader, self.options.api)
            app.router.routes.extend(self._api.routes())
        app.add_api_route("/favicon.ico", _favicon, include_in_schema=False)
        app.add_api_route("/manifest.json", _manifest, include_in_schema=False)
        gr.mount_gradio_app(
            app,
            page.build(),
            path="/",
            server_name=self.options.host,
            server_port=self.port,
            footer_links=[],
            run_history=False,
            auth=self.options.auth,
            auth_message="AHN Chat" if self.options.auth else None,
            show_error=True,
            max_file_size=self.options.max_upload_bytes,
            ssr_mode=False,
            enable_monitoring=False,
            pwa=False,
            mcp_server=False,
            theme=THEME,
            head=head(self.options.max_upload_bytes),
            i18n=translations(),
        )
        policy = Policy(
            port=self.port,
            token=self.token,
            host=self.options.host,
            names=own_names() if self.options.host in WILDCARD_HOSTS else frozenset(),
            max_upload_bytes=self.options.max_upload_bytes,
            api=self.options.api is not None,
            secure=self.options.certificate is not None,
        )
        return SecurityMiddleware(LanguageFirst(app, self.options.language), policy)


class _OwnFiles(StaticFiles):
    """Our styles and scripts. The browser asks each time whether they have changed: they belong to this release."""

    def file_response(self, *arguments: Any, **more: Any) -> Response:
        response = super().file_response(*arguments, **more)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _logged_in(gradio_app: Any, connection: HTTPConnection) -> bool:
    """Whether this connection may be opened where a login is asked for: gradio's own cookie says who it is."""
    if gradio_app.auth is None:
        return True
    names = (f"access-token-{gradio_app.cookie_id}", f"access-token-unsecure-{gradio_app.cookie_id}")
    return any(gradio_app.tokens.get(connection.cookies.get(name)) is not None for name in names)


def _favicon() -> FileResponse:
    return FileResponse(ASSETS / "icon.svg", media_type="image/svg+xml")


def _manifest() -> JSONResponse:
    return JSONResponse(
        {"name": "AHN Chat", "icons": [{"src": "/favicon.ico", "sizes": "any", "type": "image/svg+xml"}]}
    )
