"""Errors as the OpenAI protocol has them: a status, and one sentence in an object that clients know how to read."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.conversation import ChatBusyError, ChatClosedError, ChatError
from app.store import StoreError

log = logging.getLogger(__name__)
_TYPES = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """A request that is not served. param: the part of the request that is to blame; code: a word for programs."""

    def __init__(
        self, status: int, sentence: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.code, self.param = status, sentence, code, param

    def body(self) -> dict[str, Any]:
        """The object of the response."""
        kind = _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {
            "error": {"message": self.sentence, "type": kind, "param": self.param, "code": self.code},
        }

    def response(self) -> Response:
        """The response, with what clients need to decide whether to try again."""
        headers: dict[str, str] = {}
        if self.status in (429, 503):
            headers["Retry-After"] = "5"
        elif self.status >= 500:
            headers["x-should-retry"] = "false"  # it would fail in the same way, after the same time
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(self.body(), self.status, headers)


# The errors of the parts below, as a status and a word for programs; the first that fits counts.
_BELOW: tuple[tuple[type[Exception], int, str], ...] = (
    (ChatBusyError, 409, "busy"),
    (ChatClosedError, 503, "closed"),
    (ChatError, 400, "invalid_value"),
    (StoreError, 500, "library_error"),
)


def api_error(error: Exception) -> ApiError:
    """What ended a request, as the client is told it; what nobody foresaw is logged, and its details stay here."""
    if isinstance(error, ApiError):
        return error
    for kind, status, code in _BELOW:
        if isinstance(error, kind):
            return ApiError(status, str(error), code=code)
    if isinstance(error, HTTPException):  # a body that is no form
        return ApiError(error.status_code, str(error.detail), code="invalid_value")
    log.error("A request to the API ended in an error.", exc_info=error)
    return ApiError(
        500,
        "An error in AHN Chat ended this request; the terminal of the program shows it.",
        code="internal_error",
    )


def unsupported(what: str, remedy: str, param: str) -> ApiError:
    """The error for a part of the protocol that there is not."""
    return ApiError(400, f"{what} not supported here; {remedy}", code="unsupported_parameter", param=param)


def invalid(error: ValidationError) -> ApiError:
    """The first thing that is wrong with a request's body."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return ApiError(400, f"The body is not JSON ({first['ctx']['error']}); mend it.", code="invalid_json")
    where = f"{place}: " if place else ""
    return ApiError(
        400,
        f"{where}{first['msg']}, so nothing was done; mend it.",
        code="invalid_value",
        param=place or None,
    )
