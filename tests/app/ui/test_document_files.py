"""Pictures, files and texts of documents over HTTP: to whom, of what, and the sentences where there is none."""

from __future__ import annotations

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from app.documents import extract
from app.store import Store
from app.ui.document_files import PictureCache
from app.ui.server import PageServer, ServerOptions
from tests import pdfs
from tests.app.ui.fakes import FakeEngine


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("data")) as store:
        yield store


@pytest.fixture(scope="module")
def ids(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A PDF, a text, one whose file is not kept, one that is no PDF inside."""
    folder = tmp_path_factory.mktemp("files")
    manual = pdfs.make_pdf(folder / "manual.pdf", ["The first page.", "The second page."])
    note = folder / "Mühle & Öl.html"
    note.write_text("<script>alert(1)</script><p>Words of a note.</p>")
    lost = pdfs.make_pdf(folder / "lost.pdf", ["A page that is lost."])
    broken = pdfs.make_pdf(folder / "broken.pdf", ["A page that breaks."])
    ids = {path.stem: store.documents.add(extract(path), path).id for path in (manual, note, broken)}
    ids["lost"] = store.documents.add(extract(lost)).id
    original = store.documents.original(ids["broken"])
    assert original is not None
    original.write_bytes(b"%PDF-1.7 nothing of it is left")
    return ids


def serve(store: Store, auth: tuple[str, str] | None = None) -> PageServer:
    engine = FakeEngine(pace=0.002)
    engine.store = store  # type: ignore[assignment]
    engine.close = lambda: None  # type: ignore[method-assign]
    return PageServer(lambda report: engine, ServerOptions(port=0, auth=auth))  # type: ignore[arg-type, return-value]


@pytest.fixture(scope="module")
def server(store: Store) -> Iterator[PageServer]:
    with serve(store) as server:
        assert server.loader.wait(10)
        yield server


@pytest.fixture
def client(server: PageServer) -> Iterator[httpx.Client]:
    """A browser that has opened the link."""
    with httpx.Client(base_url=server.origin, trust_env=False) as client:
        assert client.get(server.link).status_code == 303
        yield client


def test_a_page_is_a_picture_of_the_width_asked_for(client: httpx.Client, ids: dict[str, str]) -> None:
    response = client.get(f"/pictures/{ids['manual']}/2?width=390")
    assert response.status_code == 200 and response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "private, no-store"
    assert "default-src 'self'" in response.headers["content-security-policy"]
    picture = Image.open(io.BytesIO(response.content))
    assert picture.width == 400 and picture.height > 500, "in few widths, so that they can be kept"
    again = client.get(f"/pictures/{ids['manual']}/2?width=400")
    assert again.content == response.content
    wide = client.get(f"/pictures/{ids['manual']}/1?width=99999999")
    assert Image.open(io.BytesIO(wide.content)).width <= 3000


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/pictures/{manual}/3", 404, "manual.pdf has 2 pages"),
        ("/pictures/{manual}/0", 404, "manual.pdf has 2 pages"),
        ("/pictures/{manual}/-1", 404, "manual.pdf has 2 pages"),
        ("/pictures/{manual}/1e9", 404, "manual.pdf has 2 pages"),
        ("/pictures/{Mühle & Öl}/1", 404, "read its text"),
        ("/pictures/{lost}/1", 404, "read its text"),
        ("/pictures/{broken}/1", 422, "Page 1 of broken.pdf cannot be shown"),
        ("/originals/{lost}", 404, "was not kept"),
        ("/pictures/ffffffffffffffffffffffffffffffff/1", 404, "ffffffff"),
        ("/originals/ffffffffffffffffffffffffffffffff", 404, "ffffffff"),
        ("/texts/ffffffffffffffffffffffffffffffff", 404, "ffffffff"),
    ],
)
def test_what_cannot_be_had_is_a_sentence(
    client: httpx.Client, ids: dict[str, str], path: str, status: int, words: str
) -> None:
    for name, document in ids.items():
        path = path.replace(f"{{{name}}}", document)
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/plain")
    assert words in response.text and response.text.endswith(".") and "/" not in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/originals/..%2f..%2f..%2fetc%2fpasswd",
        "/originals/%2e%2e/%2e%2e/store.sqlite3",
        "/originals/store.sqlite3",
        "/texts/..%2fstore.sqlite3",
        "/pictures/..%2f..%2fetc%2fpasswd/1",
        "/pictures/%00/1",
        "/originals/%' OR 1=1 --",
        "/pictures/",
        "/originals/",
    ],
)
def test_nothing_but_documents_is_served(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (400, 403, 404)
    assert "SQLite" not in response.text and "root:" not in response.text


def test_only_who_opened_the_link_sees_anything(server: PageServer, ids: dict[str, str]) -> None:
    for path in ("pictures/{}/1", "originals/{}", "texts/{}"):
        address = f"{server.origin}/{path.format(ids['manual'])}"
        assert httpx.get(address, trust_env=False).status_code == 403
        headers = {"Cookie": f"ahn_chat_{server.port}={server.token}", "Sec-Fetch-Site": "cross-site"}
        assert httpx.get(address, headers=headers, trust_env=False).status_code == 403


def test_where_a_login_is_asked_for_the_link_is_not_enough(store: Store, ids: dict[str, str]) -> None:
    server = serve(store, auth=("anna", "open sesame"))
    with server, httpx.Client(base_url=server.origin, trust_env=False) as client:
        assert server.loader.wait(10)
        assert client.get(server.link).status_code == 303
        for path in ("pictures/{}/1", "originals/{}", "texts/{}"):
            response = client.get(f"/{path.format(ids['manual'])}")
            assert (response.status_code, response.text) == (403, "Log in to see the documents.")
        login = client.post(
            "/login",
            data={"username": "anna", "password": "open sesame"},
            headers={"Origin": server.origin},
        )
        assert login.status_code == 200
        assert client.get(f"/pictures/{ids['manual']}/1").status_code == 200


def test_a_file_is_saved_as_it_was_added_and_never_shown(
    client: httpx.Client, ids: dict[str, str], store: Store
) -> None:
    response = client.get(f"/originals/{ids['Mühle & Öl']}")
    assert b"<script>alert(1)</script>" in response.content
    assert response.headers["content-type"] == "application/octet-stream"
    disposition = response.headers["content-disposition"]
    assert disposition.startswith("attachment;") and "M%C3%BChle%20%26%20%C3%96l.html" in disposition
    assert response.headers["x-content-type-options"] == "nosniff"
    store.documents.rename(ids["manual"], "The manual")
    response = client.get(f"/originals/{ids['manual']}")
    assert (
        response.content.startswith(b"%PDF-")
        and "The%20manual.pdf" in response.headers["content-disposition"]
    )
    store.documents.rename(ids["manual"], "manual.pdf")


def test_a_text_is_saved_page_by_page(client: httpx.Client, ids: dict[str, str]) -> None:
    response = client.get(f"/texts/{ids['lost']}")
    assert response.text == "A page that is lost."
    assert "attachment" in response.headers["content-disposition"]
    assert client.get(f"/texts/{ids['manual']}").text == "The first page.\fThe second page."


def test_the_pictures_kept_are_bounded() -> None:
    cache = PictureCache(100)
    for number in range(5):
        cache.put(("a", number, 400), b"x" * 40)
    assert cache.nbytes == 80
    assert [number for number in range(5) if cache.get(("a", number, 400))] == [3, 4]
    cache.get(("a", 3, 400))
    cache.put(("a", 5, 400), b"x" * 40)
    assert cache.get(("a", 3, 400)) and not cache.get(("a", 4, 400)), "the one used last stays"
    cache.put(("a", 3, 400), b"y")
    assert cache.nbytes == 41
    cache.put(("b", 1, 400), b"x" * 101)
    assert cache.nbytes == 0, "what is larger than all is not kept"
