"""Chats as files over HTTP: saved as Markdown or JSON, and taken in again.

`/chats/{chat}.md`, `/chats/{chat}.json`, `/chats/all.json` and, by POST, `/chats/import` lie behind the security layer
and, where there is one, the login. A chat is looked up in the store by its id, so nothing that a request says becomes
part of a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.conversation import ChatError, UnknownChatError
from app.conversation.exporting import export_all, export_chats
from app.conversation.importing import ImportRefused, import_chats
from app.conversation.markdown_export import markdown_of
from app.store import Store, StoreError
from app.ui.security import IMPORT_ROUTE
from app.ui.words.below import told
from app.ui.words.common import COMMON
from app.ui.words.server import SERVER

if TYPE_CHECKING:
    from app.ui.loading import EngineLoader
    from app.ui.session import Tabs

PRIVATE = {"Cache-Control": "private, no-store"}
MOST_NAME_CHARACTERS = 80


class ChatFiles:
    """The routes; `may_see` says whether a connection is of somebody who has logged in, where that is asked for."""

    def __init__(self, loader: EngineLoader, may_see: Callable[[HTTPConnection], bool], tabs: Tabs) -> None:
        self._loader = loader
        self._may_see = may_see
        self._tabs = tabs

    def routes(self) -> list[Route]:
        return [
            Route("/chats/all.json", self._guarded(self._all)),
            Route("/chats/{chat}.json", self._guarded(self._json)),
            Route("/chats/{chat}.md", self._guarded(self._markdown)),
            Route(IMPORT_ROUTE, self._import, methods=["POST"]),
        ]

    def _guarded(self, make: Callable[[Store, str], Response]) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            store = self._store(request)
            if isinstance(store, Response):
                return store
            try:
                return await run_in_threadpool(make, store, request.path_params.get("chat", ""))
            except UnknownChatError as error:
                return _plain(404, str(error))
            except (ChatError, StoreError) as error:
                return _plain(422, str(error))

        return endpoint

    def _store(self, request: Request) -> Store | Response:
        if not self._may_see(request):
            return _plain(403, SERVER().log_in)
        engine = self._loader.engine
        return _plain(503, COMMON().still_loading) if engine is None else engine.store

    def _all(self, store: Store, chat_id: str) -> Response:
        return _saved(export_all(store).text(), "ahn-chat.json", media_type="application/json")

    def _json(self, store: Store, chat_id: str) -> Response:
        export = export_chats(store, [chat_id])
        title = str(export.values["chats"][0]["title"])
        return _saved(export.text(), f"{file_name(title)}.json", media_type="application/json")

    def _markdown(self, store: Store, chat_id: str) -> Response:
        text = markdown_of(store, chat_id)
        stored = store.chats.load(chat_id)
        title = stored.title if stored is not None else chat_id
        return _saved(text, f"{file_name(title)}.md", media_type="text/markdown")

    async def _import(self, request: Request) -> Response:
        """Take a file's chats in; answers with a sentence, and the id of the chat where it is one."""
        store = self._store(request)
        if isinstance(store, Response):
            return store
        data = await request.body()
        try:
            imported = await run_in_threadpool(import_chats, store, data)
        except (ImportRefused, StoreError) as error:
            return _told(422, str(error))
        self._tabs.look_again()
        return _told(200, imported.sentence(), imported.chats[0][0] if len(imported.chats) == 1 else "")


def file_name(title: str) -> str:
    """A name for a file, whatever a chat is called: no folders, nothing hidden, not long."""
    name = re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", title)[:MOST_NAME_CHARACTERS].strip(" .")
    return name or "chat"


def _saved(text: str, name: str, media_type: str) -> Response:
    """A file to be saved and never shown, whatever stands in it."""
    disposition = f"attachment; filename*=utf-8''{quote(name, safe='')}"
    headers = {**PRIVATE, "Content-Disposition": disposition}
    return Response(text.encode("utf-8", "replace"), media_type=media_type, headers=headers)


def _plain(status: int, sentence: str) -> Response:
    return PlainTextResponse(told(sentence), status_code=status, headers=PRIVATE)


def _told(status: int, sentence: str, chat_id: str = "") -> Response:
    return JSONResponse({"sentence": told(sentence), "chat": chat_id}, status_code=status, headers=PRIVATE)
