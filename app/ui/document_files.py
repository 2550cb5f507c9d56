"""What the page fetches of documents over HTTP: pictures of pages, and files and texts to be saved.

`/pictures/{document}/{page}?width=…`, `/originals/{document}` and `/texts/{document}` lie behind the security layer
and, where there is one, the login. A document is looked up in the store by its id, and its file by the hash in the
store, so nothing that a request says becomes part of a path.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.documents import DocumentError
from app.documents.pictures import PictureShelf
from app.store import Documents, StoreError, UnknownDocument
from app.ui.views import markup as m
from app.ui.words.below import told
from app.ui.words.common import COMMON
from app.ui.words.server import SERVER

if TYPE_CHECKING:
    from app.ui.loading import EngineLoader

WIDTH_STEP, LEAST_WIDTH, MOST_WIDTH = 200, 200, 3000  # pixels; few widths, so that the cache is of use
CACHE_BYTES = 48 * 2**20
DRAWN_AT_A_TIME = 2
# A page of a deleted document must not live on in a browser's cache, let alone in somebody else's.
PRIVATE = {"Cache-Control": "private, no-store"}
PAGE_BREAK = "\f"


class PictureCache:
    """The pictures asked for last, at most `most_bytes` of them."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._pictures: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._nbytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, int, int]) -> bytes | None:
        with self._lock:
            picture = self._pictures.get(key)
            if picture is not None:
                self._pictures.move_to_end(key)
            return picture

    def put(self, key: tuple[str, int, int], picture: bytes) -> None:
        with self._lock:
            self._nbytes += len(picture) - len(self._pictures.pop(key, b""))
            self._pictures[key] = picture
            while self._nbytes > self._most_bytes:
                self._nbytes -= len(self._pictures.popitem(last=False)[1])

    @property
    def nbytes(self) -> int:
        return self._nbytes


class DocumentFiles:
    """The routes; `may_see` says whether a connection is of somebody who has logged in, where that is asked for."""

    def __init__(self, loader: EngineLoader, may_see: Callable[[HTTPConnection], bool]) -> None:
        self._loader = loader
        self._may_see = may_see
        self._shelf = PictureShelf()
        self._cache = PictureCache()
        self._drawing: anyio.CapacityLimiter | None = None  # belongs to the event loop, so it is made there

    def routes(self) -> list[Route]:
        return [
            Route("/pictures/{document}/{page}", self._guarded(self._picture)),
            Route("/originals/{document}", self._guarded(self._original)),
            Route("/texts/{document}", self._guarded(self._text)),
        ]

    def close(self) -> None:
        """End the processes that draw."""
        self._shelf.close()

    def _guarded(self, answer: Callable[[Request, Documents], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not self._may_see(request):
                return _refusal(403, SERVER().log_in)
            engine = self._loader.engine
            if engine is None:
                return _refusal(503, COMMON().still_loading)
            try:
                response: Response = await answer(request, engine.store.documents)
                return response
            except UnknownDocument as error:
                return _refusal(404, str(error))
            except (StoreError, DocumentError, OSError) as error:
                return _refusal(422, str(error))

        return endpoint

    async def _picture(self, request: Request, documents: Documents) -> Response:
        document = await run_in_threadpool(documents.get, request.path_params["document"])
        path = await run_in_threadpool(documents.original, document.id)
        number = _whole(request.path_params["page"])
        if document.kind != "pdf" or path is None:
            return _refusal(404, SERVER().no_pictures.format(name=document.name))
        if number is None or not 1 <= number <= document.page_count:
            total = m.count(document.page_count)
            return _refusal(404, SERVER().no_such_page.format(name=document.name, total=total))
        key = document.sha256, number, _stepped(_whole(request.query_params.get("width", "")) or 1000)
        picture = self._cache.get(key)
        if picture is None:
            if self._drawing is None:
                self._drawing = anyio.CapacityLimiter(DRAWN_AT_A_TIME)
            async with self._drawing:
                if await request.is_disconnected():  # turned over meanwhile
                    return Response(status_code=204, headers=PRIVATE)
                picture = await run_in_threadpool(
                    self._shelf.picture, document.sha256, path, number, width=key[2], name=document.name
                )
            self._cache.put(key, picture)
        return Response(picture, media_type="image/png", headers=PRIVATE)

    async def _original(self, request: Request, documents: Documents) -> Response:
        document = await run_in_threadpool(documents.get, request.path_params["document"])
        path = await run_in_threadpool(documents.original, document.id)
        if path is None:
            return _refusal(404, SERVER().file_not_kept.format(name=document.name))
        # Whatever it is, it is saved and never shown: it may be a web page with scripts.
        return FileResponse(
            path,
            media_type="application/octet-stream",
            filename=_with_suffix(document.name, path.suffix),
            headers=PRIVATE,
        )

    async def _text(self, request: Request, documents: Documents) -> Response:
        """Its pages, with a form feed between them; of a document whose row is damaged, too."""
        document_id = request.path_params["document"]
        pages = await run_in_threadpool(documents.pages, document_id)
        try:
            name = (await run_in_threadpool(documents.get, document_id)).name
        except UnknownDocument:
            raise
        except StoreError:  # damaged
            name = document_id
        disposition = f"attachment; filename*=utf-8''{quote(name + '.txt', safe='')}"
        return PlainTextResponse(
            PAGE_BREAK.join(pages), headers={**PRIVATE, "Content-Disposition": disposition}
        )


def _refusal(status: int, sentence: str) -> Response:
    return PlainTextResponse(told(sentence), status_code=status, headers=PRIVATE)


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 8 else None


def _stepped(width: int) -> int:
    """The next larger of the few widths that pictures are drawn in."""
    return min(max(-(-width // WIDTH_STEP) * WIDTH_STEP, LEAST_WIDTH), MOST_WIDTH)


def _with_suffix(name: str, suffix: str) -> str:
    """A name that was changed gets back the ending that says what the file is."""
    return name if name.lower().endswith(suffix.lower()) else name + suffix
