"""The security layer by itself, over an application that would answer anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.ui.security import SECURITY_HEADERS, Policy, SecurityMiddleware, new_token

PORT = 7860
TOKEN = "a-token-of-this-launch"
POLICY = Policy(PORT, TOKEN, max_upload_bytes=1000)
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"


class Application:
    """Counts what gets through, and reads bodies to their end."""

    def __init__(self) -> None:
        self.reached = 0
        self.bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached += 1
        if scope["type"] == "websocket":
            return
        self.bytes += len(await Request(scope, receive).body())
        await PlainTextResponse("inside")(scope, receive, send)


class Browser:
    """Sends requests straight into the layer; header names are sent as given, paths without any tidying."""

    def __init__(self, layer: SecurityMiddleware) -> None:
        self._layer = layer
        self.cookie: str | None = f"{POLICY.cookie_name}={TOKEN}"

    def request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: Sequence[bytes] = (b"",),
        query: str = "",
    ) -> Response:
        sent = {"host": HOST, **({"cookie": self.cookie} if self.cookie is not None else {})}
        if len(body) == 1:  # more than one piece is a chunked body, which announces no length
            sent["content-length"] = str(len(body[0]))
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in sent.items()]
        return self.raw(method, path, raw, body, query)

    def raw(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        body: Sequence[bytes] = (b"",),
        query: str = "",
    ) -> Response:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
        }
        pieces = iter([*({"type": "http.request", "body": part, "more_body": True} for part in body)])
        messages: list[Any] = []

        async def receive() -> Any:
            return next(pieces, {"type": "http.request", "body": b"", "more_body": False})

        async def send(message: Any) -> None:
            messages.append(message)

        asyncio.run(self._layer(scope, receive, send))
        starts = [message for message in messages if message["type"] == "http.response.start"]
        assert len(starts) == 1, "one answer to a request"
        content = b"".join(message.get("body", b"") for message in messages)
        answered = {name.decode(): value.decode() for name, value in starts[0]["headers"]}
        return Response(starts[0]["status"], answered, content.decode())

    def get(self, path: str, headers: dict[str, str] | None = None, query: str = "") -> Response:
        return self.request("GET", path, headers, query=query)

    def post(
        self, path: str, headers: dict[str, str] | None = None, body: Sequence[bytes] = (b"",)
    ) -> Response:
        return self.request("POST", path, headers, body)


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    text: str


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def browser(application: Application) -> Browser:
    """A browser that has opened the link."""
    return Browser(SecurityMiddleware(application, POLICY))


def test_the_page_itself_gets_through(browser: Browser) -> None:
    assert browser.get("/").text == "inside"
    assert browser.post("/gradio_api/queue/join", headers={"Origin": ORIGIN}).text == "inside"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost:7861",
        f"localhost.evil.example:{PORT}",
        f"127.0.0.1:{PORT}@evil.example",
        f"evil.example@127.0.0.1:{PORT}",
        f"192.168.1.7:{PORT}",
        f"0.0.0.0:{PORT}",
        "127.0.0.1:seven",
        "127.0.0.1:99999999",
        "[::1",
        "",
    ],
)
def test_a_foreign_host_is_refused(browser: Browser, application: Application, host: str) -> None:
    response = browser.get("/", headers={"Host": host})
    assert response.status == 400
    assert application.reached == 0
    assert response.text.count(".") == 1, "one sentence"


@pytest.mark.parametrize("host", [HOST, f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"])
def test_loopback_names_are_known(browser: Browser, host: str) -> None:
    assert browser.get("/", headers={"Host": host}).status == 200


def test_two_host_headers_are_refused(browser: Browser) -> None:
    """A proxy and a server may each believe another one of them."""
    headers = [(b"host", HOST.encode()), (b"host", b"evil.example")]
    assert browser.raw("GET", "/", headers).status == 400


def test_a_server_open_to_the_network_knows_addresses_and_its_own_names_only() -> None:
    policy = Policy(PORT, TOKEN, host="0.0.0.0", names=frozenset({"desk.local"}))
    assert policy.knows_host(f"192.168.1.7:{PORT}")
    assert policy.knows_host(f"[fe80::1]:{PORT}")
    assert policy.knows_host(f"desk.local:{PORT}")
    assert not policy.knows_host(f"evil.example:{PORT}")
    assert not policy.knows_host("192.168.1.7:80")


def test_port_80_needs_no_port_in_the_address() -> None:
    assert Policy(80, TOKEN).knows_host("localhost")
    assert Policy(80, TOKEN, host="desk.lan").knows_host("desk.lan")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1",
        f"http://127.0.0.1:{PORT + 1}",
        f"http://localhost:{PORT}",
        f"http://127.0.0.1:{PORT}.evil.example",
        f"file://{HOST}",
        "",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/gradio_api/queue/data"),
        ("OPTIONS", "/gradio_api/upload"),
        ("DELETE", "/"),
    ],
)
def test_a_foreign_origin_is_refused(
    browser: Browser, application: Application, method: str, path: str, origin: str
) -> None:
    """`http://localhost` is another origin than `http://127.0.0.1` to a browser, and to us."""
    response = browser.request(method, path, headers={"Origin": origin})
    assert response.status == 403
    assert application.reached == 0
    assert "access-control-allow-origin" not in response.headers


def test_without_origin_a_foreign_referer_is_refused(browser: Browser) -> None:
    post = "/gradio_api/queue/join"
    assert browser.post(post, headers={"Referer": "http://evil.example/page"}).status == 403
    assert browser.post(post, headers={"Referer": f"{ORIGIN}/"}).status == 200
    assert browser.post(post).status == 200, "no browser sends neither; the token decides"


def test_other_sites_cannot_load_our_parts_but_may_link_here(browser: Browser) -> None:
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert browser.get("/ui/page.js", headers={**cross, "Sec-Fetch-Mode": "no-cors"}).status == 403
    assert browser.get("/", headers={**cross, "Sec-Fetch-Mode": "navigate"}).status == 200


def test_nothing_is_served_without_the_token(browser: Browser, application: Application) -> None:
    browser.cookie = None
    for path in ("/", "/config", "/assets/index.js", "/gradio_api/queue/data", "/gradio_api/startup-events"):
        response = browser.get(path)
        assert response.status == 403
        assert "open the link with ?token=" in response.text
    assert browser.post("/gradio_api/upload").status == 403
    assert application.reached == 0


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\u00e9"])
def test_a_wrong_token_lets_nobody_in(browser: Browser, token: str) -> None:
    browser.cookie = None
    assert browser.get("/", query=f"token={token}").status == 403
    assert browser.get("/", headers={"Cookie": f"{POLICY.cookie_name}={token}"}).status == 403


def test_a_broken_cookie_is_no_token(browser: Browser) -> None:
    browser.cookie = None
    assert browser.get("/", headers={"Cookie": '"; =;; \x01'}).status == 403


def test_the_link_sets_the_cookie_and_leaves_the_address(browser: Browser, application: Application) -> None:
    browser.cookie = None
    response = browser.get("/", query=f"token={TOKEN}")
    assert response.status == 303
    assert response.headers["location"] == "/"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"ahn_chat_{PORT}={TOKEN};")
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert application.reached == 0
    browser.cookie = cookie.partition(";")[0]
    assert browser.get("/").text == "inside", "the cookie lets the browser in"


def test_tokens_are_long_and_never_the_same() -> None:
    assert len(new_token()) >= 43
    assert new_token() != new_token()
    assert TOKEN not in repr(POLICY)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.com/a",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/file=https://example.com/a",
        "/gradio_api/proxy=https://example.hf.space/a",
        "/gradio_api/run/predict",
        "/gradio_api/call/predict",
        "/gradio_api/component_server",
        "/gradio_api/runs",
        "/gradio_api/openapi.json",
        "/gradio_api/vibe-edit",
        "/gradio_api/process_recording",
        "/monitoring",
        "/docs",
        "/static/../../etc/passwd",
        "/ui/../page.py",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_routes_the_page_does_not_use_do_not_exist(
    browser: Browser, application: Application, method: str, path: str
) -> None:
    assert browser.request(method, path).status == 404
    assert application.reached == 0


def test_an_upload_over_the_limit_never_reaches_the_application(
    browser: Browser, application: Application
) -> None:
    response = browser.post("/gradio_api/upload", body=[b"x" * 200_000])
    assert response.status == 413
    assert "larger than" in response.text and "--max-upload-mb" in response.text
    assert application.reached == 0


def test_a_body_without_a_length_is_cut_off_at_the_limit(browser: Browser, application: Application) -> None:
    response = browser.post("/gradio_api/upload", body=[b"x" * 10_000] * 100)
    assert response.status == 413
    assert application.bytes == 0, "the application never got to the end of the body"


def test_a_nonsense_length_is_refused(browser: Browser) -> None:
    assert browser.post("/gradio_api/upload", headers={"Content-Length": "-1"}).status == 413


def test_a_message_may_not_be_as_large_as_an_upload(browser: Browser) -> None:
    response = browser.post("/gradio_api/queue/join", body=[b"x" * (17 * 2**20)])
    assert response.status == 413
    assert "larger than 16 MB" in response.text


@pytest.mark.parametrize("path", ["/", "/gradio_api/file=x", "/favicon.ico"])
def test_every_response_carries_the_headers(browser: Browser, path: str) -> None:
    headers = browser.get(path).headers
    for name, value in SECURITY_HEADERS.items():
        assert headers[name.lower()] == value
    policy = headers["content-security-policy"]
    assert (
        "default-src 'self'" in policy
        and "connect-src 'self'" in policy
        and "frame-ancestors 'none'" in policy
    )
    assert "http:" not in policy and "https:" not in policy and "*" not in policy


PAGE_COOKIE = (b"cookie", f"{POLICY.cookie_name}={TOKEN}".encode())
PAGE_ORIGIN = (b"origin", f"http://{HOST}".encode())


@pytest.mark.parametrize(
    ("path", "headers", "taken"),
    [
        ("/live", [(b"host", HOST.encode()), PAGE_ORIGIN, PAGE_COOKIE], True),
        ("/live", [(b"host", HOST.encode()), PAGE_COOKIE], False),
        ("/live", [(b"host", HOST.encode()), (b"origin", b"http://evil.example"), PAGE_COOKIE], False),
        ("/live", [(b"host", HOST.encode()), (b"origin", b"null"), PAGE_COOKIE], False),
        ("/live", [(b"host", b"evil.example"), (b"origin", b"http://evil.example"), PAGE_COOKIE], False),
        ("/live", [(b"host", HOST.encode()), PAGE_ORIGIN], False),
        ("/live", [(b"host", HOST.encode()), PAGE_ORIGIN, (b"cookie", PAGE_COOKIE[1][:-1] + b"x")], False),
        ("/", [(b"host", HOST.encode()), PAGE_ORIGIN, PAGE_COOKIE], False),
        ("/gradio_api/queue/join", [(b"host", HOST.encode()), PAGE_ORIGIN, PAGE_COOKIE], False),
    ],
)
def test_only_the_pages_own_websocket_is_taken(
    application: Application, path: str, headers: list[tuple[bytes, bytes]], taken: bool
) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b""}
    asyncio.run(SecurityMiddleware(application, POLICY)(scope, receive, send))
    assert application.reached == int(taken)
    assert ("websocket.close" in [message["type"] for message in sent]) is not taken


def test_the_api_asks_for_its_own_key_and_has_limits_of_its_own() -> None:
    application = Application()
    policy = Policy(PORT, TOKEN, max_upload_bytes=1000, page=False, api=True)
    browser = Browser(SecurityMiddleware(application, policy))
    browser.cookie = None
    for path in ("/v1/models", "/v1/chat/completions", "/health", "/metrics"):
        assert browser.request("GET", path).status == 200, "it asks for the key itself"
    assert browser.request("GET", "/").status == 404, "there is no page"
    assert browser.request("GET", "/v1/models", {"Host": "evil.example"}).status == 400
    reached = application.reached
    for path, sentence in (("/v1/files", "--max-upload-mb"), ("/v1/chat/completions", "/v1/files")):
        large = str(65 * 2**20)
        response = browser.request("POST", path, {"Content-Length": large})
        assert response.status == 413 and sentence in response.text
        assert response.text.startswith('{"error":')
    assert application.reached == reached
