"""Who may talk to the page: an ASGI layer outside everything else.

Binding to loopback does not keep a local server private: any site open in the same browser can send requests to it
(cross-site forgery), and a site that points its own name at 127.0.0.1 can read the replies (DNS rebinding). So every
request passes, in this order:

1. Host: the name in the address bar must be one this server is known by, with its port.
2. Origin: a request made by another site is refused, whatever its method; so is the opaque origin ``null``.
3. Route: only the routes the page uses exist; the rest of what the framework could serve is closed.
4. Token: a secret of the data folder, carried by the printed link, then kept in a cookie scripts cannot read. The
   addresses of the API, where it is on, ask for a key of their own instead (`app.api`).
5. Size: a body larger than the limit is thrown away as it arrives, and never reaches the application.

Refusals are one sentence of plain text. Responses carry headers that keep the page from loading or sending anything
elsewhere.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving import WILDCARD_HOSTS
from app.ui.words.server import SERVER
from app.ui.words.translated import Language, choose, speaking

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# Everything a question, a setting or a click may weigh; files go through the upload route and its own limit.
MAX_MESSAGE_BYTES = 16 * 2**20

MAX_API_BYTES = 64 * 2**20  # a question to the API, with documents inside it

UPLOAD_ROUTE = "/gradio_api/upload"
IMPORT_ROUTE = "/chats/import"  # chats from a file
LANGUAGE_COOKIE = "ahn_language"  # set by the page, see `assets/ui/page.js`
API_UPLOAD_ROUTE = "/v1/files"
API_ROUTES = frozenset({"/health", "/metrics"})
API_PREFIX = "/v1/"
LIVE_ROUTE = "/live"  # the pages' WebSockets
# Asked for without cookies, or by a page that outlived its server: from the new random `app_id` it learns that it has
# to load itself again, and then shows the sentence about the link.
OPEN_ROUTES = frozenset({"/favicon.ico", "/manifest.json", "/robots.txt", "/gradio_api/app_id"})
ROUTES = frozenset(
    {
        "/",
        "/config",
        "/login",
        "/logout",
        "/theme.css",
        UPLOAD_ROUTE,
        "/gradio_api/cancel",
        "/gradio_api/info",
        "/gradio_api/login_check",
        "/gradio_api/queue/data",
        "/gradio_api/queue/join",
        "/gradio_api/reset",
        "/gradio_api/startup-events",
        "/gradio_api/theme.css",
        "/gradio_api/user",
    }
)
# The last four: pictures, files and texts of documents (`app.ui.document_files`), and chats (`app.ui.chat_files`).
ROUTE_PREFIXES = (
    "/assets/",
    "/static/",
    "/svelte/",
    "/ui/",
    "/pictures/",
    "/originals/",
    "/texts/",
    "/chats/",
)

NO_TOKEN_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>AHN Chat</title>'
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    "<style>:root{--ground:#f6f5f2;--paper:#fffefb;--ink:#22262b;--rule:#cfcbc2;--window:#2f7ac6}"
    "@media(prefers-color-scheme:dark){:root{--ground:#16181b;--paper:#1d2024;--ink:#e6e5e1;--rule:#40454c}}"
    "body{background:var(--ground);color:var(--ink);font:15px/1.6 system-ui,sans-serif;margin:0}"
    "main{max-width:27em;margin:18vh auto;padding:20px 26px;background:var(--paper);border:1px solid var(--rule);"
    "border-radius:12px}h1{font-size:18px;margin:0 0 8px}</style>"
    "<main><h1>AHN Chat</h1><p>WORDS</p></main>"
)

# The front end compiles its HTML templates with `Function` and styles elements in place, hence the two "unsafe" words;
# they admit no foreign address.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def new_token() -> str:
    """A fresh 256-bit token, safe in a URL."""
    return secrets.token_urlsafe(32)


def kept_token(file: Path) -> str:
    """The token kept in `file`, which only its owner may read; made where there is none.

    Kept, so that bookmarks and open pages are let in after a restart. Raises OSError where the file cannot be used.
    """
    try:
        token = file.read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        token = ""
    if not re.fullmatch(r"[\w-]{40,}", token):
        token = new_token()
        partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as output:
            output.write(token)
        os.replace(partial, file)
    os.chmod(file, 0o600)
    return token


@dataclass(frozen=True)
class Policy:
    """What the layer enforces.

    Args:
        port: the port the server listens on; part of every Host and Origin check.
        token: the launch token (see :func:`new_token`).
        host: the address the server was told to listen on. A wildcard address is reached under names this process
            cannot know, so any literal IP address is accepted then (a rebinding attack needs a name, never an
            address), but no name beyond `names`.
        names: further host names to accept, for example this machine's own.
        max_upload_bytes: largest body of an upload request, in bytes.
        page, api: which of the two is served.
        secure: served over https; cookies go back over https alone then.
    """

    port: int
    token: str = field(repr=False)
    host: str = "127.0.0.1"
    names: frozenset[str] = frozenset()
    max_upload_bytes: int = 200 * 2**20
    page: bool = True
    api: bool = False
    secure: bool = False

    @property
    def cookie_name(self) -> str:
        """Cookies are shared by all ports of a host, so the name carries the port."""
        return f"ahn_chat_{self.port}"

    def knows_host(self, netloc: str) -> bool:
        """Whether `netloc`, as found in a Host header, is one of this server's own addresses."""
        try:
            parts = urlsplit(f"//{netloc}")
            name, port = (parts.hostname or "").rstrip("."), parts.port or (443 if self.secure else 80)
        except ValueError:
            return False
        if parts.username is not None or parts.path or port != self.port:
            return False
        if name in LOOPBACK_HOSTS or name == self.host or name in self.names:
            return True
        return self.host in WILDCARD_HOSTS and _is_ip_address(name)

    def accepts_token(self, candidate: str | None) -> bool:
        """Compare in constant time; `None` is no token."""
        return candidate is not None and hmac.compare_digest(candidate.encode(), self.token.encode())


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same_origin(source: str, host: str) -> bool:
    """Whether `source`, an Origin or Referer header, names the server the request went to."""
    try:
        parts = urlsplit(source)
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()
    except ValueError:
        return False


def _cookie(headers: Headers, name: str) -> str | None:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return None
    return jar[name].value if name in jar else None


def _language(headers: Headers) -> Language:
    """What a refusal is said in: the language chosen in the page's settings, else the browser's."""
    accepted = [part.partition(";")[0] for part in headers.get("accept-language", "").split(",")]
    return choose([_cookie(headers, LANGUAGE_COOKIE) or "", *accepted])


class SecurityMiddleware:
    """The pure ASGI layer that enforces a :class:`Policy` on HTTP requests and websockets."""

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            if self._takes_websocket(scope):
                await self.app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": "Not for this page."})
            return
        if scope["type"] != "http":
            return
        with speaking(_language(Headers(scope=scope))):
            await self._answer(scope, receive, _with_security_headers(send, secure=self.policy.secure))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._check(scope)
        if refusal is not None:
            await self._worded(refusal, scope)(scope, receive, send)
            return
        limit = self._body_limit(scope)
        if not _announces_at_most(limit, Headers(scope=scope)):
            # Read to its end, for a browser that is cut off while sending shows a network error, not our sentence.
            await _discard_body(receive)
            await self._worded(self._too_large(scope["path"]), scope)(scope, receive, send)
            return
        guarded = _BodyLimit(receive, limit)
        # To a browser that left nothing is answered, and it is nobody's error.
        with suppress(ClientDisconnect):
            await self.app(scope, guarded, guarded.watch(send))
        if guarded.exceeded and not guarded.answered:
            if guarded.more:
                await _discard_body(receive)
            await self._worded(self._too_large(scope["path"]), scope)(scope, receive, send)

    def _is_api(self, path: str) -> bool:
        return self.policy.api and (path in API_ROUTES or path.startswith(API_PREFIX))

    def _worded(self, refusal: Response, scope: Scope) -> Response:
        """The refusal as it is; in the words of its protocol where the API was meant."""
        if not self._is_api(scope["path"]) or not isinstance(refusal, PlainTextResponse):
            return refusal
        error = {"message": bytes(refusal.body).decode(), "type": "invalid_request_error", "param": None}
        return JSONResponse({"error": {**error, "code": "refused"}}, refusal.status_code)

    def _check(self, scope: Scope) -> Response | None:
        """The response that ends this request, or `None` to let it through."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.policy.knows_host(hosts[0]):
            return _refuse(400, SERVER().unknown_host)
        if not self._from_this_page(scope["method"], headers, hosts[0]):
            return _refuse(403, SERVER().other_site)
        if scope["method"] == "HEAD" and scope["path"] == "/":
            return Response()  # "is it up?"; says nothing else
        if self._is_api(scope["path"]):
            return None  # it asks for its own key
        if not self.policy.page or not _route_exists(scope["path"]):
            return _refuse(404, SERVER().nothing_here)
        return self._check_token(scope, headers)

    def _takes_websocket(self, scope: Scope) -> bool:
        """Browsers let any site open a WebSocket anywhere and send the cookies along, so the Origin has to be there."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        return (
            scope["path"] == LIVE_ROUTE
            and len(hosts) == 1
            and self.policy.knows_host(hosts[0])
            and _same_origin(headers.get("origin", ""), hosts[0])
            and self.policy.accepts_token(_cookie(headers, self.policy.cookie_name))
        )

    def _from_this_page(self, method: str, headers: Headers, host: str) -> bool:
        """Origin, or where a browser left it out Referer, must be this very server.

        A request with neither comes from no web page; the token decides about it.
        """
        if (origin := headers.get("origin")) is not None:
            return _same_origin(origin, host)
        if method in ("GET", "HEAD", "OPTIONS"):
            # A link on another page may lead here (without the cookie); its scripts, frames and images may not.
            return (
                headers.get("sec-fetch-site") != "cross-site" or headers.get("sec-fetch-mode") == "navigate"
            )
        referer = headers.get("referer")
        return referer is None or _same_origin(referer, host)

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        if scope["path"] in OPEN_ROUTES:
            return None
        offered = parse_qs(scope["query_string"].decode("latin-1")).get("token", [None])[0]
        if scope["path"] == "/" and scope["method"] == "GET" and self.policy.accepts_token(offered):
            # On to the bare address: the token stays out of the history, of bookmarks and of Referer headers.
            response = RedirectResponse("/", status_code=303)
            response.set_cookie(
                self.policy.cookie_name, self.policy.token, httponly=True, samesite="strict", path="/"
            )
            return response
        if self.policy.accepts_token(_cookie(headers, self.policy.cookie_name)):
            return None
        if scope["path"] == "/":
            return HTMLResponse(NO_TOKEN_PAGE.replace("WORDS", escape(SERVER().no_token)), status_code=403)
        return _refuse(403, SERVER().no_token)

    def _body_limit(self, scope: Scope) -> int:
        """In bytes; an upload's multipart frame is not the file's fault, so it gets a little room."""
        if scope["path"] in (UPLOAD_ROUTE, IMPORT_ROUTE, API_UPLOAD_ROUTE):
            return self.policy.max_upload_bytes + 64 * 1024
        if self._is_api(scope["path"]):
            return MAX_API_BYTES
        return MAX_MESSAGE_BYTES

    def _too_large(self, path: str) -> Response:
        if self._is_api(path) and path != API_UPLOAD_ROUTE:
            return _refuse(413, SERVER().request_too_large.format(limit=MAX_API_BYTES // 2**20))
        if path not in (UPLOAD_ROUTE, IMPORT_ROUTE, API_UPLOAD_ROUTE):
            return _refuse(413, SERVER().message_too_large.format(limit=MAX_MESSAGE_BYTES // 2**20))
        limit = f"{self.policy.max_upload_bytes / 2**20:g}"
        return _refuse(413, SERVER().upload_too_large.format(limit=limit))


def _route_exists(path: str) -> bool:
    if ".." in path.split("/"):
        return False
    return (path.rstrip("/") or "/") in ROUTES | OPEN_ROUTES or path.startswith(ROUTE_PREFIXES)


def _refuse(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence, status_code=status)


def _announces_at_most(limit: int, headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return length.isdecimal() and int(length) <= limit


async def _discard_body(receive: Receive) -> None:
    """Take what is left of a body off the wire; memory use does not grow with it."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
        pass


def _with_security_headers(send: Send, *, secure: bool = False) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            if secure:  # the framework's cookies of a login, too
                message["headers"] = [
                    (name, value + b"; Secure")
                    if name.lower() == b"set-cookie" and b"; secure" not in value.lower()
                    else (name, value)
                    for name, value in message["headers"]
                ]
        await send(message)

    return send_with_headers


class _BodyLimit:
    """A `receive` that counts: chunked bodies announce no length.

    Over the limit it says that the client has left, which ends the reading in any application. What that answers then
    is dropped: the layer says why.
    """

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.exceeded = self.answered = False
        self.more = True  # whether some of the body is still to come

    async def __call__(self) -> Message:
        if self.exceeded:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self.more = message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.exceeded = True
            return {"type": "http.disconnect"}
        return message

    def watch(self, send: Send) -> Send:
        """Note when the application has begun to answer: a second answer would be malformed."""

        async def watched(message: Message) -> None:
            if self.exceeded and not self.answered:
                return
            self.answered = True
            await send(message)

        return watched
