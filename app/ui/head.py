"""What stands in the page's head: our styles, scripts and what they have to know.

Gradio adds a head of its own when its scripts run. Which language the page is in has to be known before that, so this
part is put into the page as it is sent.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.documents import SUPPORTED_SUFFIXES
from app.ui.words.script import SCRIPT
from app.ui.words.translated import LANGUAGES, TAGS, Language


def head(max_upload_bytes: int) -> str:
    """Links to our own styles and script, and what the scripts say in each language."""
    words = {language: asdict(SCRIPT.of(language)) for language in LANGUAGES}
    return (
        '<link rel="stylesheet" href="/ui/page.css"><link rel="stylesheet" href="/ui/transcript.css">'
        '<link rel="stylesheet" href="/ui/reader.css"><link rel="stylesheet" href="/ui/library.css">'
        '<link rel="stylesheet" href="/ui/models.css">'
        f'<script type="application/json" id="ahn-words">{_json(words)}</script>'
        '<script type="module" src="/ui/page.js"></script>'
        f'<meta name="ahn-suffixes" content="{",".join(SUPPORTED_SUFFIXES)}">'
        f'<meta name="ahn-max-upload-bytes" content="{max_upload_bytes}"><meta name="referrer" content="same-origin">'
    )


class LanguageFirst:
    """Has the page know its language before any other script runs. language: the one it was started with."""

    def __init__(self, app: ASGIApp, language: Language | None) -> None:
        self._app = app
        known = _json({"forced": language, "tags": TAGS})
        known = f'<script type="application/json" id="ahn-languages">{known}</script>'
        self._script = f'{known}<script src="/ui/language.js"></script>'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        # Compressed, there would be nothing to put it into.
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        start: Message = {}
        body = b""

        async def with_script(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body", False):
                return
            headers = MutableHeaders(scope=start)
            if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                body = body.replace(b"<head>", b"<head>" + self._script, 1)
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, with_script)


def _json(value: object) -> str:
    """JSON that may stand in a page."""
    return json.dumps(value).replace("<", "\\u003c")
