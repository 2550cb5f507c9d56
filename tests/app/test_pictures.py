"""Pictures of pages: drawn by a child process that is gone when nobody needs it."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from app.documents import DocumentError, ExtractionCancelled, Limits
from app.documents.pictures import MAX_PIXELS, PagePictures, PictureShelf, page_picture
from tests import pdf_extras, pdfs
from tests.app.documents_support import nothing_left_running as nothing_left_running  # used by every test

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    return pdfs.make_pdf(tmp_path / "manual.pdf", ["First page.", "Second page."])


def _image(png: bytes) -> Image.Image:
    assert png.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(png)).convert("L")


def _ink(image: Image.Image) -> tuple[int, int, int, int]:
    """The box around what is not white."""
    box = ImageChops.invert(image).point(lambda value: 255 if value > 60 else 0).getbbox()
    assert box is not None
    return box


def test_pages_in_the_size_that_is_asked_for(manual: Path) -> None:
    with PagePictures(manual) as pictures:
        first, second = (_image(pictures.picture(number, width=300)) for number in (1, 2))
        assert first.size == (300, 425) and _ink(first) != _ink(second)
        assert _image(pictures.picture(1, scale=2)).size == (1191, 1684)
    assert _image(page_picture(manual.read_bytes(), 2, width=300)).tobytes() == second.tobytes()


def test_no_picture_is_too_large(manual: Path) -> None:
    image = _image(page_picture(manual, 1, width=100_000))
    assert 0.98 * MAX_PIXELS < image.width * image.height <= 1.01 * MAX_PIXELS


def test_values_comments_and_turned_pages_are_drawn_as_shown(tmp_path: Path) -> None:
    note = (
        b"<< /Type /Annot /Subtype /FreeText /Contents (here) /Rect [100 750 300 800] /AP << /N 7 0 R >> >>"
    )
    box = pdf_extras.stream(b"0 0 200 50 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 200 50]")
    upright = pdf_extras.one_page(tmp_path, b"", [note, box], page=b"/Annots [6 0 R]")
    assert _ink(_image(page_picture(upright, 1, scale=1))) == pytest.approx((100, 42, 300, 92), abs=1)
    turned = upright.replace(b"/Annots [6 0 R]", b"/Rotate 90 /Annots [6 0 R]")
    assert _ink(_image(page_picture(turned, 1, scale=1))) == pytest.approx((750, 100, 800, 300), abs=1)
    field = b"/FT /Tx /T (name) /V (XXXX) /DA (/F1 40 Tf 0 g) /Rect [100 700 300 750]"
    filled = pdf_extras.form(tmp_path, [field], b"", form_entries=b"/NeedAppearances true")
    left, top, right, bottom = _ink(_image(page_picture(filled, 1, scale=1)))
    assert 95 < left < 110 and 90 < top < bottom < 145 and right < 260


@pytest.mark.parametrize(
    ("source", "number", "words"),
    [
        (b"%PDF-1.7\nnothing", 1, "the file is damaged"),
        ("no such file.pdf", 1, "it cannot be opened (no such file or directory)"),
        (None, 3, "there is no page 3 among its 2"),
        (None, 0, "there is no page 0 among its 2"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(
    manual: Path, source: str | bytes | None, number: int, words: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        page_picture(manual if source is None else source, number, name="x.pdf")
    assert str(caught.value) == f"Page {number} of x.pdf cannot be shown, because {words}."


def test_a_locked_file_and_one_that_is_too_large(tmp_path: Path, manual: Path) -> None:
    with pytest.raises(DocumentError, match="needs a password"):
        page_picture(pdfs.encrypted_pdf(tmp_path / "locked.pdf"), 1)
    with pytest.raises(DocumentError, match="more than the limit of 10 bytes"):
        page_picture(manual, 1, limits=Limits(max_bytes=10))


def test_after_a_refusal_the_next_picture_comes(manual: Path) -> None:
    with PagePictures(manual) as pictures:
        with pytest.raises(DocumentError):
            pictures.picture(9)
        assert pictures.picture(2)


def test_who_cancels_leaves_nothing_running_and_may_ask_again(manual: Path) -> None:
    with PagePictures(manual) as pictures:
        with pytest.raises(ExtractionCancelled):
            pictures.picture(1, should_stop=lambda: True)
        assert pictures.picture(1, width=100)


def test_closing_ends_a_picture_that_is_being_drawn(manual: Path) -> None:
    pictures = PagePictures(manual)
    errors: list[str] = []
    asked = threading.Event()

    def ask() -> None:
        try:
            while True:
                pictures.picture(1, width=3000)
                asked.set()
        except DocumentError as error:
            errors.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(30)
    pictures.close()
    thread.join(30)
    assert not thread.is_alive() and len(errors) == 1


def test_a_shelf_keeps_few_documents_open(tmp_path: Path) -> None:
    paths = [pdfs.make_pdf(tmp_path / f"{number}.pdf", [f"Page of {number}."]) for number in range(3)]
    shelf = PictureShelf(most_open=1)
    pictures = [shelf.picture(path.name, path, 1, width=200) for path in (*paths, paths[0])]
    assert pictures[0] == pictures[3] and len({*pictures}) == 3
    shelf.close()
    assert shelf.picture("0", paths[0], 1, width=200) == pictures[0]
    shelf.close()


def test_a_shelf_ends_what_nobody_asks_for(manual: Path) -> None:
    before = set(threading.enumerate())
    shelf = PictureShelf(idle_seconds=0.01)
    shelf.picture("a", manual, 1, width=100)
    for thread in (
        set(threading.enumerate()) - before
    ):  # its timer, which ends the child, and the child's pipes
        thread.join(20)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this platform does not list processes")
def test_the_child_ends_when_its_parent_is_killed(manual: Path) -> None:
    script = f"""
import os
from pathlib import Path
from app.documents.pictures import PagePictures
pictures = PagePictures({str(manual)!r})
pictures.picture(1, width=100)
print(Path(f"/proc/self/task/{{os.getpid()}}/children").read_text().strip(), flush=True)
input()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None and parent.stdin is not None
    worker = Path("/proc", parent.stdout.readline().strip(), "stat")
    assert worker.exists()
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while _runs(worker):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def _runs(status: Path) -> bool:
    """Whether the process with this status runs; a zombie that nobody has waited for yet does not."""
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_child_starts_with_little() -> None:
    script = "import sys, app.documents.picture_worker; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    assert not {"numpy", "pypdf", "torch", "gradio", "app.documents.readers.pdf"} & set(run.stdout.split())
