"""Downloads against a hub on the loopback: progress, going on after a cut, cancelling, checking, and every refusal."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.models import downloads, local, manifests
from app.models.downloads import PARTIAL_SUFFIX, Download, Progress, sentence
from app.models.errors import DownloadCancelled, ModelError
from app.models.hub import Hub
from app.models.reference import Reference, parse_reference
from tests.hub_server import FakeHub, FakeRepository, Refusal, digest, serving

NAME = "somebody/a-model"
WEIGHTS = bytes(range(256)) * 40
FILES = {
    "config.json": b"{}",
    "tokenizer.json": b'{"a": 1}',
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"a pickle",
    "README.md": b"words",
    "original/model.safetensors": b"another form",
}
WANTED = ["config.json", "model.safetensors", "tokenizer.json"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    for name in ("HF_HUB_OFFLINE", "AHN_CHAT_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(downloads, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(downloads, "_BLOCK_BYTES", 1024)
    with serving() as fake:
        fake.repositories[NAME] = FakeRepository(dict(FILES))
        yield fake


class Bench:
    """A cache and a data folder, and downloads into them."""

    def __init__(self, server: FakeHub, folder: Path) -> None:
        self.hub = Hub(server.endpoint, folder / "cache", token="hf_right")
        self.data = folder / "data"
        self.steps: list[Progress] = []

    def download(self, reference: str = NAME) -> Download:
        parsed = parse_reference(reference)
        assert parsed is not None
        return Download(self.hub, self.data, parsed, self.steps.append)

    def refused(self, reference: str = NAME) -> str:
        with pytest.raises(ModelError) as raised:
            self.download(reference).run()
        text = str(raised.value)
        assert "\n" not in text and text.endswith(".")
        return text

    def partials(self) -> list[Path]:
        return list(self.hub.cache.rglob(f"*{PARTIAL_SUFFIX}"))


@pytest.fixture
def bench(server: FakeHub, tmp_path: Path) -> Bench:
    return Bench(server, tmp_path)


def test_weights_tokenizer_and_configuration_arrive_and_never_a_pickle(bench: Bench, server: FakeHub) -> None:
    manifest = bench.download().run()
    folder = manifest.folder(bench.hub)
    assert sorted(path.name for path in folder.iterdir()) == WANTED
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert not any(path.endswith((".bin", ".md")) for _, path, _ in server.requests)
    assert bench.steps[0].phase == "asking" and bench.steps[-1].fraction == pytest.approx(1.0)
    done = [step.done for step in bench.steps]
    assert done == sorted(done) and not bench.partials()


def test_what_is_here_is_not_fetched_again_nor_asked_about(bench: Bench, server: FakeHub) -> None:
    bench.download().run()
    server.requests.clear()
    found = local.ensure(bench.hub, bench.data, Reference(NAME), bench.steps.append)
    assert found.presence == "whole" and found.base == f"{NAME}@{'c' * 40}"
    assert not server.requests


def test_a_cut_connection_goes_on_where_it_ended(bench: Bench, server: FakeHub) -> None:
    server.repositories[NAME].cut_after["model.safetensors"] = 4_096
    folder = bench.download().run().folder(bench.hub)
    assert server.fetched("model.safetensors") == ["", "bytes=4096-"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_cancelled_download_keeps_what_arrived_and_goes_on_from_there(
    bench: Bench, server: FakeHub
) -> None:
    big = bytes(range(256)) * 400
    server.repositories[NAME].files["model.safetensors"] = big
    download = Download(
        bench.hub,
        bench.data,
        Reference(NAME),
        lambda step: download.cancel() if step.phase == "fetching" and step.done > 50_000 else None,
    )
    with pytest.raises(DownloadCancelled, match="what has arrived is kept"):
        download.run()
    (partial,) = bench.partials()
    arrived = partial.stat().st_size
    assert 0 < arrived < len(big)
    state = local.look(bench.hub, bench.data, Reference(NAME))
    assert state.presence == "part" and state.nbytes >= arrived
    bench.download().run()
    assert server.fetched("model.safetensors")[-1] == f"bytes={arrived}-"
    assert local.look(bench.hub, bench.data, Reference(NAME)).presence == "whole"


def test_a_download_that_is_cancelled_before_it_begins_asks_nobody(bench: Bench, server: FakeHub) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(DownloadCancelled):
        Download(bench.hub, bench.data, Reference(NAME), bench.steps.append, stop).run()
    assert not server.requests


def test_a_slow_hub_shows_its_speed_and_can_be_left(bench: Bench, server: FakeHub) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def wait(name: str, sent: int) -> None:
        if name == "model.safetensors" and sent == 2_048:
            reached.set()
            assert go_on.wait(10)

    server.repositories[NAME].before = wait
    download = bench.download()
    ended: list[BaseException] = []

    def run() -> None:
        try:
            download.run()
        except ModelError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert reached.wait(10) and thread.is_alive()
    download.cancel()
    go_on.set()
    thread.join(10)
    assert isinstance(ended[0], DownloadCancelled)
    told = Progress(NAME, "fetching", 3_200_000_000, 15_200_000_000, 12e6)
    assert sentence(told) == f"Fetching {NAME}: 3.2 GB of 15.2 GB, 12 MB a second, 17 min left"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(401), "without a valid login (status 401)"),
        (Refusal(403, "GatedRepo"), "accept them on the model's page"),
        (Refusal(403), "refuses somebody/a-model to this login (status 403)"),
        (Refusal(404, "RepoNotFound"), "There is no somebody/a-model on the hub (status 404)"),
        (Refusal(503), "answers status 503"),
    ],
)
def test_a_refusal_is_one_sentence(bench: Bench, server: FakeHub, refusal: Refusal, words: str) -> None:
    server.repositories[NAME].refusal = refusal
    assert words in bench.refused()


def test_a_wrong_name_or_revision_is_one_sentence(bench: Bench) -> None:
    assert "There is no no/body on the hub" in bench.refused("no/body")
    assert "no such revision" in bench.refused(f"{NAME}@{'d' * 40}")


def test_a_token_is_sent(bench: Bench, server: FakeHub) -> None:
    server.repositories[NAME].token = "hf_right"
    bench.download().run()
    server.repositories[NAME].token = "hf_another"
    bench.hub = Hub(server.endpoint, bench.hub.cache.with_name("other"), token="hf_right")
    assert "status 401" in bench.refused()


def test_a_token_goes_to_no_other_host(bench: Bench, server: FakeHub) -> None:
    with serving() as store:
        store.repositories[NAME] = FakeRepository(dict(FILES))
        server.repositories[NAME].token, server.files_at = "hf_right", store
        assert bench.download().run().complete(bench.hub)
        assert store.fetched("model.safetensors") and set(store.tokens) == {""}
    assert set(server.tokens) == {"Bearer hf_right"}


def test_a_hub_that_names_no_hash_is_not_trusted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hub_server.digest", lambda content: "../../elsewhere")
    assert "names no hash of config.json" in bench.refused()
    assert not bench.hub.cache.exists()


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (WEIGHTS[:-1] + b"x", "has the hash"),
        (WEIGHTS + b"more", f"has {len(WEIGHTS) + 4:,} bytes instead of {len(WEIGHTS):,}"),
        (WEIGHTS * 50, f"has {len(WEIGHTS) + 1024:,} bytes instead of {len(WEIGHTS):,}"),  # a block too many
        (WEIGHTS[:-9], f"has {len(WEIGHTS) - 9:,} bytes instead of {len(WEIGHTS):,}"),
    ],
)
def test_wrong_bytes_are_deleted_and_never_used(
    bench: Bench, server: FakeHub, sent: bytes, problem: str
) -> None:
    server.repositories[NAME].sent["model.safetensors"] = sent
    assert problem in bench.refused()
    assert not bench.partials()
    assert local.look(bench.hub, bench.data, Reference(NAME)).presence != "whole"
    server.repositories[NAME].sent.clear()
    assert bench.download().run().complete(bench.hub)


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    bench: Bench, server: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5_000_000))
    text = bench.refused()
    assert "needs another 10 kB" in text and "5 MB are free" in text and "HF_HOME" in text
    assert not server.fetched("model.safetensors")


def test_a_disk_that_fills_up_keeps_what_arrived(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(BytesIO):
        def write(self, block) -> int:  # noqa: ANN001
            raise OSError(errno.ENOSPC, "No space left on device")

    stream = Download._stream
    monkeypatch.setattr(
        Download, "_stream", lambda self, url, opened, most: stream(self, url, FullDisk(), most)
    )
    assert "The disk is full" in bench.refused()
    assert len(bench.partials()) == 1


def test_no_network_is_one_sentence(bench: Bench, server: FakeHub, tmp_path: Path) -> None:
    bench.hub = Hub("http://127.0.0.1:9", tmp_path / "cache")
    assert "The hub could not be reached" in bench.refused()


def test_offline_asks_nobody(bench: Bench, server: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHN_CHAT_OFFLINE", "1")
    with pytest.raises(ModelError, match="--offline forbids fetching it"):
        local.ensure(bench.hub, bench.data, Reference(NAME), bench.steps.append)
    from huggingface_hub import constants

    monkeypatch.delenv("AHN_CHAT_OFFLINE")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE forbids fetching it"):
        local.ensure(bench.hub, bench.data, Reference(NAME), bench.steps.append)
    assert not server.requests


def test_verifying_finds_a_changed_and_a_missing_file(bench: Bench) -> None:
    manifest = bench.download().run()
    assert local.verify(bench.hub, bench.data, Reference(NAME)) == []
    weights = manifest.folder(bench.hub) / "model.safetensors"
    weights.resolve().write_bytes(WEIGHTS[::-1])
    (problem,) = local.verify(bench.hub, bench.data, Reference(NAME))
    assert problem.startswith("model.safetensors has the hash")
    manifests.forget(bench.data, Reference(NAME))  # another program's cache is checked by its own names
    (manifest.folder(bench.hub) / "config.json").resolve().write_bytes(b"[]")
    named = f"{NAME}@{manifest.commit}"
    parsed = parse_reference(named)
    assert parsed is not None
    assert len(local.verify(bench.hub, bench.data, parsed)) == 1 + (digest(WEIGHTS[::-1]) != digest(WEIGHTS))


def test_where_the_system_has_no_links_each_file_is_there_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import file_download

    monkeypatch.setattr(file_download, "are_symlinks_supported", lambda folder=None: False)
    manifest = bench.download().run()
    assert manifest.complete(bench.hub)
    everything = [
        path for path in bench.hub.cache.rglob("*") if path.is_file() and ".locks" not in path.parts
    ]
    assert sum(path.read_bytes() == WEIGHTS for path in everything) == 1
    assert local.verify(bench.hub, bench.data, Reference(NAME)) == []
    manifests.forget(bench.data, Reference(NAME))
    parsed = parse_reference(f"{NAME}@{manifest.commit}")
    assert parsed is not None
    with pytest.raises(ModelError, match="tells the hashes"):
        local.verify(bench.hub, bench.data, parsed)
    assert local.remove(bench.hub, bench.data, parsed) >= len(WEIGHTS)


def test_removing_frees_everything(bench: Bench) -> None:
    bench.download().run()
    assert local.remove(bench.hub, bench.data, Reference(NAME)) >= len(WEIGHTS)
    assert local.look(bench.hub, bench.data, Reference(NAME)).presence == "none"
    with pytest.raises(ModelError, match="nothing was removed"):
        local.remove(bench.hub, bench.data, Reference(NAME))


def test_a_gguf_file_of_several_comes_with_all_its_parts(bench: Bench, server: FakeHub) -> None:
    server.repositories["a/gguf"] = FakeRepository(
        {
            f"m-q4-0000{part}-of-00002.gguf": bytes([part]) * 2_000
            for part in (1, 2)
        }
        | {"m-q8.gguf": b"q8", "config.json": b"{}"}
    )  # fmt: skip
    manifest = bench.download("a/gguf:m-q4-00001-of-00002.gguf").run()
    assert [file.name for file in manifest.files] == [
        "m-q4-00001-of-00002.gguf",
        "m-q4-00002-of-00002.gguf",
    ]
    assert "name one of them, as in a/gguf:m-q4-00001-of-00002.gguf" in bench.refused("a/gguf")
    assert "has no file other.gguf" in bench.refused("a/gguf:other.gguf")


def test_one_gguf_file_of_several_is_removed_and_the_others_stay(bench: Bench, server: FakeHub) -> None:
    server.repositories["a/gguf"] = FakeRepository({"m-q4.gguf": b"4" * 2_000, "m-q8.gguf": b"8" * 3_000})
    four, eight = Reference("a/gguf", gguf_file="m-q4.gguf"), Reference("a/gguf", gguf_file="m-q8.gguf")
    bench.download(str(eight)).run()
    assert local.look(bench.hub, bench.data, four).presence == "none"
    with pytest.raises(ModelError, match="nothing was removed"):
        local.remove(bench.hub, bench.data, four)
    bench.download(str(four)).run()
    assert local.remove(bench.hub, bench.data, four) == 2_000
    assert local.look(bench.hub, bench.data, four).presence == "none"
    assert local.look(bench.hub, bench.data, eight).presence == "whole"
    assert local.verify(bench.hub, bench.data, eight) == []
    assert local.remove(bench.hub, bench.data, eight) == 3_000
    assert not list(bench.hub.cache.rglob("*.gguf"))


def test_pickles_alone_are_refused(bench: Bench, server: FakeHub) -> None:
    server.repositories["old/model"] = FakeRepository({"pytorch_model.bin": b"x", "config.json": b"{}"})
    assert "only pickles (pytorch_model.bin), which can run code when opened" in bench.refused("old/model")
    assert not server.fetched("pytorch_model.bin")
