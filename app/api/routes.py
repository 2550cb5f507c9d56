"""The addresses of the API, behind its key."""

from __future__ import annotations

import asyncio
import hmac
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.api.asking import ALIAS, model_ids
from app.api.chat import chat_completion
from app.api.client import LEFT, Client
from app.api.completions import completion
from app.api.errors import ApiError, api_error
from app.api.files import PREFIX, add_file, document_of, file_values
from app.api.options import ApiOptions
from app.api.service import Loader, Service

Endpoint = Callable[[Service, Request], Awaitable[Response]]
PRIVATE = {"Cache-Control": "private, no-store"}
_MOST_LISTED = 10_000  # files in one list, as the protocol has it
_COPIED = 2**20  # bytes at a time

__all__ = ["Api", "Loader"]


class Api:
    """The API over one model; its routes go into any Starlette application."""

    def __init__(self, loader: Loader, options: ApiOptions) -> None:
        self._service = Service(loader, options)
        self._key = options.key.encode()

    def routes(self) -> list[Route]:
        """/v1/… and /metrics, which ask for the key, and /health."""
        return [
            Route("/health", self._health),
            self._route("/metrics", _metrics, "GET"),
            self._route("/v1/models", _models, "GET"),
            self._route("/v1/models/{model:path}", _model, "GET"),
            self._route("/v1/chat/completions", chat_completion, "POST"),
            self._route("/v1/completions", completion, "POST"),
            self._route("/v1/files", _list_files, "GET"),
            self._route("/v1/files", _upload, "POST"),
            self._route("/v1/files/{file_id}", _file, "GET"),
            self._route("/v1/files/{file_id}", _delete_file, "DELETE"),
            self._route("/v1/files/{file_id}/content", _file_content, "GET"),
            self._route("/v1/embeddings", _embeddings, "POST"),
            self._route("/v1/{rest:path}", _unknown, "GET", "POST", "DELETE", "PUT", "PATCH"),
        ]

    def close(self) -> None:
        """Close the conversations; what they read stays on disk."""
        self._service.close()

    async def _health(self, request: Request) -> Response:
        """Whether questions are answered; says nothing else, so it asks for no key."""
        ready = self._service.ready
        return JSONResponse({"status": "ok" if ready else "loading"}, 200 if ready else 503)

    def _route(self, path: str, endpoint: Endpoint, *methods: str) -> Route:
        async def guarded(request: Request) -> Response:
            response = await self._answer(endpoint, request)
            self._service.metrics.requests.labels(path, response.status_code).inc()
            return response

        return Route(path, guarded, methods=list(methods))

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            self._check_key(request)
            return await endpoint(self._service, request)
        except ClientDisconnect:  # before all of the body was there
            return Response(status_code=LEFT)
        except Exception as error:  # noqa: BLE001 - outermost level of a request: clients read no other form of error
            return api_error(error).response()

    def _check_key(self, request: Request) -> None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(key.strip().encode(), self._key):
            raise ApiError(
                401,
                "The key is missing or another one; send “Authorization: Bearer KEY” with the key of this server.",
                code="invalid_api_key",
            )


async def _metrics(service: Service, request: Request) -> Response:
    # In a thread: it waits while a conversation is being opened.
    return await asyncio.to_thread(service.metrics.response, service.line, service.ready)


async def _models(service: Service, request: Request) -> Response:
    return JSONResponse(
        {"object": "list", "data": [_model_values(one) for one in model_ids(service.engine())]}
    )


async def _model(service: Service, request: Request) -> Response:
    wanted, known = request.path_params["model"], model_ids(service.engine())
    if wanted not in [*known, ALIAS]:
        raise ApiError(
            404,
            f"The model {wanted!r} is not loaded here; there are {', '.join(known)}.",
            code="model_not_found",
            param="model",
        )
    return JSONResponse(_model_values(wanted))


def _model_values(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "ahn-chat"}


async def _list_files(service: Service, request: Request) -> Response:
    query = request.query_params
    documents = service.engine().store.documents.list()  # the one added last first
    if query.get("order") == "asc":
        documents = documents[::-1]
    ids = [PREFIX + one.id for one in documents]
    after = query.get("after")
    if after is not None:
        first = ids.index(after) + 1 if after in ids else len(ids)
        documents = documents[first:]
    limit = query.get("limit", str(_MOST_LISTED))
    if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit) <= _MOST_LISTED:
        raise ApiError(
            400, f"limit is {limit!r} and not a number from 1 to {_MOST_LISTED:,}; give one.", param="limit"
        )
    shown = [file_values(one) for one in documents[: int(limit)]]
    return JSONResponse(
        {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": len(documents) > len(shown),
        }
    )


async def _upload(service: Service, request: Request) -> Response:
    engine = service.engine()
    async with request.form(max_files=1, max_fields=8) as form, Client(request) as client:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ApiError(
                400, "There is no file in the form, so nothing was added; send one as “file”.", param="file"
            )
        with tempfile.TemporaryDirectory(prefix="ahn-chat-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "upload"
            with path.open("wb") as copy:
                while piece := await file.read(_COPIED):
                    copy.write(piece)
            document = await asyncio.to_thread(
                add_file, engine, path, file.filename or "document", service.options.max_upload_bytes,
                lambda: client.gone,
            )  # fmt: skip
    return JSONResponse(file_values(document))


async def _file(service: Service, request: Request) -> Response:
    return JSONResponse(file_values(document_of(service.engine(), request.path_params["file_id"])))


async def _file_content(service: Service, request: Request) -> Response:
    """The file as it was added; the text of one whose file was not kept."""
    engine = service.engine()
    document = document_of(engine, request.path_params["file_id"])
    path = engine.store.documents.original(document.id)
    if path is None:
        pages = await asyncio.to_thread(engine.store.documents.pages, document.id)
        return PlainTextResponse("\f".join(pages), headers=PRIVATE)
    # Whatever it is, it is saved and never shown: it may be a web page with scripts.
    return FileResponse(path, media_type="application/octet-stream", filename=document.name, headers=PRIVATE)


async def _delete_file(service: Service, request: Request) -> Response:
    engine = service.engine()
    document = document_of(engine, request.path_params["file_id"])
    await asyncio.to_thread(service.conversations.let_go_of, engine, document.id)
    await asyncio.to_thread(engine.delete_document, document.id)
    service.inline.forget(document.id)
    return JSONResponse({"id": PREFIX + document.id, "object": "file", "deleted": True})


async def _embeddings(service: Service, request: Request) -> Response:
    raise ApiError(
        400,
        f"The model {service.engine().model.name} makes no embeddings; add documents to /v1/files and ask.",
        code="unsupported_endpoint",
    )


async def _unknown(service: Service, request: Request) -> Response:
    raise ApiError(
        404, f"There is nothing at {request.method} {request.url.path} here; docs/api.md lists what there is.",
        code="unknown_url",
    )  # fmt: skip
