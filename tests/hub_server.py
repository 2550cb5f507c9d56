"""A hub on the loopback: repositories in memory, the hub's API, and every kind of trouble on request."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = 1_000  # bytes from which a file counts as large: its digest is SHA-256, as the hub's is


@dataclass
class Refusal:
    """An answer instead of the one asked for. `code`: the hub's header X-Error-Code."""

    status: int
    code: str = ""


@dataclass
class FakeRepository:
    """Files of one commit. `gated`: whom it is refused to.

    sent: replaces what is sent of a file.  cut_after: the connection ends after so many bytes, once a file.
    before: called with the number of bytes sent, after each piece; may wait.
    """

    files: dict[str, bytes]
    commit: str = "c" * 40
    refusal: Refusal | None = None
    token: str = ""
    sent: dict[str, bytes] = field(default_factory=dict)
    cut_after: dict[str, int] = field(default_factory=dict)
    before: Callable[[str, int], None] = lambda name, sent: None


class FakeHub(ThreadingHTTPServer):
    """`repositories` by name; `requests` notes method, path and the range asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, FakeRepository] = {}
        self.requests: list[tuple[str, str, str]] = []
        self.tokens: list[str] = []  # what each request had for Authorization
        self.files_at: FakeHub | None = (
            None  # where the bytes of files are, if elsewhere: a redirection leads there
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fetched(self, name: str) -> list[str]:
        """The ranges in which a file's bytes were asked for."""
        return [area for method, path, area in self.requests if method == "GET" and path.endswith("/" + name)]


@contextmanager
def serving() -> Iterator[FakeHub]:
    """A hub that answers for as long as the block lasts."""
    with FakeHub() as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


def digest(content: bytes) -> str:
    if len(content) >= LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append((self.command, path, self.headers.get("Range", "")))
        self.server.tokens.append(self.headers.get("Authorization", ""))
        words = path.strip("/").split("/")
        api = words[:2] == ["api", "models"]
        name = "/".join(words[2:4] if api else words[:2])
        repository = self.server.repositories.get(name)
        if repository is None:
            self._refuse(Refusal(404, "RepoNotFound"))
        elif repository.refusal is not None:
            self._refuse(repository.refusal)
        elif repository.token and self.headers.get("Authorization") != f"Bearer {repository.token}":
            self._refuse(Refusal(401))
        elif api:
            revision = words[5] if len(words) > 5 else "main"
            if revision in ("main", repository.commit):
                self._send(json.dumps(_info(name, repository)).encode())
            else:
                self._refuse(Refusal(404, "RevisionNotFound"))
        else:
            self._file(repository, "/".join(words[4:]), body)

    def _refuse(self, refusal: Refusal) -> None:
        self.send_response(refusal.status)
        if refusal.code:
            self.send_header("X-Error-Code", refusal.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _file(self, repository: FakeRepository, name: str, body: bool) -> None:
        content = repository.files.get(name)
        if content is None:
            self._refuse(Refusal(404, "EntryNotFound"))
            return
        if body and self.server.files_at is not None:
            self.send_response(302)
            self.send_header("Location", self.server.files_at.endpoint + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        sent = repository.sent.get(name, content)
        area = self.headers.get("Range", "")
        start = int(area.removeprefix("bytes=").partition("-")[0]) if area else 0
        self.send_response(206 if area else 200)
        self.send_header("X-Repo-Commit", repository.commit)
        self.send_header("ETag", f'"{digest(content)}"')
        self.send_header("Content-Length", str(len(sent) - start))
        if area:
            self.send_header("Content-Range", f"bytes {start}-{len(sent) - 1}/{len(sent)}")
        self.end_headers()
        if not body:
            return
        stop = repository.cut_after.pop(name, len(sent))
        for at in range(start, stop, 1024):
            self.wfile.write(sent[at : min(at + 1024, stop)])
            self.wfile.flush()
            repository.before(name, min(at + 1024, stop))
        if stop < len(sent):
            self.close_connection = True


def _info(name: str, repository: FakeRepository) -> dict[str, object]:
    siblings = []
    for file, content in repository.files.items():
        entry: dict[str, object] = {"rfilename": file, "size": len(content), "blobId": digest(content)}
        if len(content) >= LARGE:
            entry["lfs"] = {"sha256": digest(content), "size": len(content), "pointerSize": 130}
        siblings.append(entry)
    return {"id": name, "sha": repository.commit, "siblings": siblings, "private": False, "tags": []}
