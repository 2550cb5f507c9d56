"""The whole server over HTTP, without a browser: what it answers, and to whom."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from app.api import ApiOptions
from app.ui.security import SECURITY_HEADERS
from app.ui.server import PageServer, ServerOptions
from tests.app.ui.fakes import FakeEngine

LIMIT = 50_000
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    options = ServerOptions(port=0, max_upload_bytes=LIMIT)
    with PageServer(lambda report: FakeEngine(pace=0.002), options) as server:  # type: ignore[arg-type, return-value]
        assert server.loader.wait(10)
        yield server


@pytest.fixture
def client(server: PageServer) -> Iterator[httpx.Client]:
    """A browser that has opened the link."""
    with httpx.Client(base_url=server.origin, trust_env=False) as client:
        assert client.get(server.link).status_code == 303
        yield client


def upload(client: httpx.Client, content: bytes = b"words", **headers: str) -> httpx.Response:
    return client.post("/gradio_api/upload", files={"files": ("notes.txt", content)}, headers=headers)


def config(client: httpx.Client) -> dict[str, object]:
    found = re.search(r"window\.gradio_config = (\{.*?\});</script>", client.get("/").text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_the_link_opens_the_page(client: httpx.Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert "<title>" in response.text or "gradio-app" in response.text
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value


def test_without_the_link_there_is_a_sentence(server: PageServer) -> None:
    response = httpx.get(server.origin, trust_env=False)
    assert response.status_code == 403
    assert "?token=" in response.text and server.token not in response.text


def test_a_page_that_outlived_its_server_can_tell(server: PageServer) -> None:
    address = f"{server.origin}/gradio_api/app_id"
    response = httpx.get(address, trust_env=False)
    assert list(response.json()) == ["app_id"]
    assert httpx.get(address, headers={"Origin": "http://evil.example"}, trust_env=False).status_code == 403


def test_a_foreign_host_is_refused(client: httpx.Client) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_foreign_upload_is_refused_and_leaves_nothing(client: httpx.Client, server: PageServer) -> None:
    before = sorted(server._uploads.rglob("*"))
    for origin in ("http://evil.example", "null"):
        assert upload(client, Origin=origin).status_code == 403
    assert sorted(server._uploads.rglob("*")) == before


def test_an_upload_arrives_in_our_folder(client: httpx.Client, server: PageServer) -> None:
    response = upload(client, Origin=server.origin)
    assert response.status_code == 200
    (path,) = response.json()
    assert Path(path).read_bytes() == b"words"
    assert Path(path).is_relative_to(server._uploads)
    if os.name == "posix":
        assert server._uploads.stat().st_mode & 0o077 == 0, "nobody else on this machine may look in"


def test_a_large_upload_is_refused_with_a_sentence(client: httpx.Client, server: PageServer) -> None:
    """Just over the limit the framework counts, far over it we do; either way it is refused."""
    for size in (LIMIT + 10, 10 * LIMIT, 400 * LIMIT):
        response = upload(client, b"x" * size, Origin=server.origin)
        assert response.status_code == 413
    assert "--max-upload-mb" in response.text


@pytest.mark.parametrize("name", ["../../../escaped.txt", "/tmp/escaped.txt", "..\\escaped.txt", "\x00"])
def test_an_upload_cannot_choose_its_folder(client: httpx.Client, server: PageServer, name: str) -> None:
    response = client.post(
        "/gradio_api/upload", files={"files": (name, b"words")}, headers={"Origin": server.origin}
    )
    if response.status_code == 200:
        assert Path(response.json()[0]).resolve().is_relative_to(server._uploads.resolve())
    assert not Path("/tmp/escaped.txt").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=http://127.0.0.1:1/",
        "/gradio_api/file=https://example.com/",
        "/gradio_api/file%3Dhttps://example.com/",
        "/gradio_api/file=pyproject.toml",
        "/gradio_api/file%3Dpyproject.toml",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static/..%2f..%2fpyproject.toml",
        "/ui/..%2f..%2fpyproject.toml",
        "/ui/%2e%2e/%2e%2e/pyproject.toml",
        "/assets/%2e%2e/%2e%2e/__init__.py",
        "/svelte/..%2f..%2f..%2f__init__.py",
    ],
)
def test_no_file_but_the_pages_own_is_served(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (400, 403, 404)
    assert (
        "import" not in response.text and "build-system" not in response.text and "root:" not in response.text
    )


def test_uploads_cannot_be_fetched_back(client: httpx.Client, server: PageServer) -> None:
    (path,) = upload(client, Origin=server.origin).json()
    assert client.get(f"/gradio_api/file={path}").status_code == 404


def test_the_pages_own_files_are_served(client: httpx.Client) -> None:
    assert client.get("/ui/page.css").headers["content-type"].startswith("text/css")
    assert "javascript" in client.get("/ui/page.js").headers["content-type"]
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert client.get("/manifest.json").json()["name"] == "AHN Chat"


def test_no_endpoint_is_public(client: httpx.Client) -> None:
    information = client.get("/gradio_api/info").json()
    assert information == {"named_endpoints": {}, "unnamed_endpoints": {}}
    assert client.post("/gradio_api/run/ask", json={"data": ["hello"]}).status_code == 404
    assert client.post("/gradio_api/call/ask", json={"data": ["hello"]}).status_code == 404


def test_nothing_phones_home(client: httpx.Client) -> None:
    settings = config(client)
    assert settings["analytics_enabled"] is False
    assert settings["footer_links"] == []
    assert not settings.get("run_history")
    assert not settings.get("share_url") and not settings.get("is_space")
    assert settings["stylesheets"] == [], "no web fonts"
    theme = client.get("/theme.css").text
    assert "@import" not in theme and not re.search(r"url\(.?https?:", theme)


def test_the_next_port_is_taken_where_one_is_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = PageServer(lambda report: FakeEngine(), ServerOptions(port=port))  # type: ignore[arg-type, return-value]
        server.close()
        assert port < server.port <= port + 100
        with pytest.raises(OSError):
            PageServer(lambda report: FakeEngine(), ServerOptions(port=port, fixed_port=True))  # type: ignore[arg-type, return-value]


def test_closing_the_server_deletes_uploads_and_closes_the_engine() -> None:
    engine = FakeEngine()
    with PageServer(lambda report: engine, ServerOptions(port=0)) as server:  # type: ignore[arg-type, return-value]
        assert server.loader.wait(10)
        chat = engine.new_chat()
        (server._uploads / "left.txt").write_text("never taken")
    assert chat.closed
    assert not server._uploads.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.origin, trust_env=False)


def connected(client: httpx.Client, link: str) -> ClientConnection:
    """The connection of a page that was let in by its link."""
    client.get(link)
    origin = link.partition("/?")[0]
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return connect(
        f"ws{origin.removeprefix('http')}/live", origin=Origin(origin), additional_headers={"Cookie": cookie}
    )


def test_a_page_without_its_login_gets_no_connection() -> None:
    options = ServerOptions(port=0, auth=("anna", "secret"))
    with (
        PageServer(lambda report: FakeEngine(), options) as server,  # type: ignore[arg-type, return-value]
        httpx.Client(base_url=server.origin, trust_env=False) as client,
    ):
        with pytest.raises(InvalidStatus):
            connected(client, server.link)
        client.post(
            "/login", data={"username": "anna", "password": "secret"}, headers={"Origin": server.origin}
        )
        with connected(client, server.link) as page:
            assert "hello" in json.loads(page.recv())


SERVES = """
import sys, tempfile
from app.ui import launch_app
from tests.app.ui.fakes import FakeEngine

tempfile.tempdir = sys.argv[1]
for _ in sys.stdin:
    engine = FakeEngine()
    chat = engine.new_chat()
    told = launch_app(lambda report: engine, port=0, announce=lambda link: print(link, flush=True))
    print("closed", chat.closed, told, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems send these signals")
def test_being_told_to_end_is_an_orderly_end(tmp_path: Path) -> None:
    """One process that serves once for each line it gets: to import what it needs takes most of the time."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    child = subprocess.Popen([sys.executable, "-c", SERVES, str(tmp_path)], cwd=ROOT, text=True, **pipes)
    assert child.stdin is not None and child.stdout is not None
    limit = threading.Timer(100, child.kill)  # then the next line is an empty one
    limit.start()
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        child.stdin.write("\n")
        child.stdin.flush()
        link = child.stdout.readline().strip()
        assert link.startswith("http://127.0.0.1:") and len(list(tmp_path.glob("ahn-chat-*"))) == 1
        with httpx.Client(trust_env=False) as client, connected(client, link) as page:
            assert "hello" in json.loads(page.recv())
            child.send_signal(getattr(signal, name))
            assert child.stdout.readline() == f"closed True {int(getattr(signal, name))}\n"
        left = [path for path in tmp_path.rglob("*") if path.is_file() or path.name.startswith("ahn-chat-")]
        assert left == [], "no upload stays behind"
    said, complaints = child.communicate()
    limit.cancel()
    assert child.returncode == 0 and (said, complaints) == ("", ""), "an open page is no reason to complain"


def test_a_login_is_asked_for() -> None:
    options = ServerOptions(port=0, auth=("anna", "secret"))
    with (
        PageServer(lambda report: FakeEngine(), options) as server,  # type: ignore[arg-type, return-value]
        httpx.Client(base_url=server.origin, trust_env=False) as client,
    ):
        client.get(server.link)
        assert config(client).get("auth_required") is True
        assert client.get("/config").status_code == 401
        assert upload(client, Origin=server.origin).status_code == 401
        wrong = client.post(
            "/login", data={"username": "anna", "password": "wrong"}, headers={"Origin": server.origin}
        )
        assert wrong.status_code == 400
        foreign = client.post(
            "/login",
            data={"username": "anna", "password": "secret"},
            headers={"Origin": "http://evil.example"},
        )
        assert foreign.status_code == 403
        right = client.post(
            "/login", data={"username": "anna", "password": "secret"}, headers={"Origin": server.origin}
        )
        assert right.status_code == 200
        assert client.get("/config").status_code == 200


def test_the_api_is_served_beside_the_page_where_it_is_asked_for(tmp_path: Path, server: PageServer) -> None:
    for path in ("/v1/models", "/v1/files", "/health", "/metrics"):
        response = httpx.get(server.origin + path, trust_env=False)
        assert response.status_code == 404 and response.text == "There is nothing at this address."
    options = ServerOptions(port=0, api=ApiOptions("a key of its own", tmp_path))
    with (
        PageServer(lambda report: FakeEngine(), options) as both,  # type: ignore[arg-type, return-value]
        httpx.Client(base_url=both.origin, trust_env=False) as client,
    ):
        assert both.loader.wait(10)
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/v1/models").json()["error"]["code"] == "invalid_api_key"
        key = {"Authorization": "Bearer a key of its own"}
        assert client.get("/metrics", headers=key).status_code == 200
        assert client.get("/", headers=key).status_code == 403, "the key does not open the page"
        client.get(both.link)
        assert client.get("/").status_code == 200
        assert client.get("/v1/models").status_code == 401, "nor the page's token the API"
        refused = client.get("/v1/models", headers={**key, "Origin": "http://evil.example"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "refused")


def test_importing_the_package_is_cheap_and_settles_privacy() -> None:
    code = (
        "import os, sys; import app.ui; "
        "print(os.environ['GRADIO_ANALYTICS_ENABLED'], 'gradio' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]
