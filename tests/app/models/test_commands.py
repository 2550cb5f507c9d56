"""`ahn-chat models` and `ahn-chat plan` against a hub on the loopback."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ahn_core import AHNForCausalLM, load_tokenizer
from app import cli
from app.models import catalogue, downloads
from app.models.hub import Hub
from app.models.ready import make_ready
from tests.hub_server import FakeHub, FakeRepository, serving
from tests.tiny import byte_tokenizer, save_tiny_base

GOLDEN = Path(__file__).parents[2] / "golden" / "gateddeltanet-s128-w64"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub as HF_ENDPOINT names it, with a cache as HF_HOME does; an AHN and its base are on it."""
    from huggingface_hub import constants, file_download, hf_api

    for name in ("HF_HUB_OFFLINE", "AHN_CHAT_OFFLINE", "HF_TOKEN", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AHN_CHAT_HOME", "AHN_HOME", "HF_HUB_DISABLE_TELEMETRY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "1")  # the command sets them; they are put back afterwards
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "_RETRY_SECONDS", 0.0)
    tokenizer = tmp_path / "tokenizer"
    byte_tokenizer().save_pretrained(tokenizer)
    base = {path.name: path.read_bytes() for path in (*(GOLDEN / "base").iterdir(), *tokenizer.iterdir())}
    with serving() as fake:
        for module in (constants, file_download.constants, hf_api.constants):
            monkeypatch.setattr(module, "ENDPOINT", fake.endpoint)
            monkeypatch.setattr(
                module,
                "HUGGINGFACE_CO_URL_TEMPLATE",
                fake.endpoint + "/{repo_id}/resolve/{revision}/{filename}",
            )
        fake.repositories["tiny/base"] = FakeRepository(base)
        fake.repositories["tiny/ahn"] = FakeRepository(
            {path.name: path.read_bytes() for path in (GOLDEN / "ahn").iterdir()}, commit="a" * 40
        )
        yield fake


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, *words: str) -> tuple[int, str, str]:
    status = cli.main([*words, "--data-dir", str(tmp_path / "data")])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_from_nothing_to_a_loaded_model_and_away_again(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, _, told = run(capsys, tmp_path, "models", "get", "tiny/base", "tiny/ahn")
    assert status == 0 and "tiny/base is on this computer" in told

    status, listed, _ = run(capsys, tmp_path, "models", "list", "--json")
    others: list[dict[str, Any]] = json.loads(listed)["others"]
    assert [(entry["name"], entry["disk"]) for entry in others] == [
        ("tiny/ahn", "whole"),
        ("tiny/base", "whole"),
    ]

    hub.requests.clear()
    ready = make_ready(Hub(), tmp_path / "data", "tiny/base", "tiny/ahn", lambda step: None)
    model = AHNForCausalLM.from_pretrained(ready.base, ready.ahn, backend="torch")
    assert model.name == "tiny/base" and model.memory_trained
    assert load_tokenizer(ready.base).encode("a")
    assert not hub.requests, "what is here is not asked about"

    status, checked, _ = run(capsys, tmp_path, "models", "verify", "tiny/base")
    assert (status, checked) == (0, "tiny/base: every file has the right hash.\n")
    status, removed, _ = run(capsys, tmp_path, "models", "remove", "tiny/base", "--yes")
    assert status == 0 and removed.startswith("Removed tiny/base: ")
    status, _, refused = run(capsys, tmp_path, "models", "verify", "tiny/base")
    assert status == 1 and "is not on this computer" in refused


def test_the_list_says_what_a_choice_needs(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, table, _ = run(capsys, tmp_path, "models", "list")
    assert status == 0
    lines = table.splitlines()
    seven = next(line for line in lines if line.startswith("7B-GDN"))
    assert "15.3 GB" in seven and "Apache-2.0" in seven and "needs" in seven and " no " in seven
    assert any(line.startswith("3B-Mamba2") and "Qwen Research License" in line for line in lines)
    assert any("no AHN was published" in line for line in lines)
    assert not hub.requests


def test_a_plan_before_anything_is_fetched_asks_for_one_file(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, planned, _ = run(
        capsys, tmp_path, "plan", "tiny/base", "--ahn", "tiny/ahn", "--context", "8k", "--json"
    )
    assert status == 0
    values = json.loads(planned)
    assert values["context"] == 8_192 and values["memory_parameters"] > 0
    assert {path.rpartition("/")[2] for method, path, _ in hub.requests if method == "GET"} == {"config.json"}
    status, table, _ = run(capsys, tmp_path, "plan", "7B-GDN")
    assert status == 0
    row = next(line for line in table.splitlines() if line.startswith("window + AHN"))
    assert "48.2%" in row and "65.4%" in row
    assert "21.3 million of them the memory's" in table


def test_every_command_takes_the_names_of_the_list(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    choice = catalogue.find("0.5B")
    assert choice is not None and choice.base is not None
    commit = choice.base.reference.revision or ""
    base = save_tiny_base(tmp_path / "base")
    files = {path.name: path.read_bytes() for path in base.iterdir()}
    hub.repositories[choice.base.reference.repository] = FakeRepository(files, commit=commit)
    text, corpus = tmp_path / "text.txt", str(tmp_path / "corpus")
    text.write_text("The pump must not be opened.\n" * 60)
    words = ("--output", corpus, "--model", "0.5B", "--shortest", "100")
    assert run(capsys, tmp_path, "prepare", str(text), *words)[0] == 0
    words = ("--data", corpus, "--model", "0.5B", "--device", "cpu")
    assert run(capsys, tmp_path, "memory", "open", str(tmp_path / "begun"), *words)[0] == 0
    words = ("--quick", "--tasks", "vt", "--columns", "window")
    status, told, _ = run(
        capsys, tmp_path, "eval", "ruler", "--model", "0.5B", "--device", "cpu", *words, "--json"
    )
    assert status == 0 and json.loads(told)["about"]["revision"] == commit


def test_a_base_stays_for_the_memory_that_needs_it(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"weights"}
    for name in ("3B-GDN", "3B-DN"):
        choice = catalogue.find(name)
        assert choice is not None
        for part in choice.parts:
            commit = part.reference.revision or "c" * 40
            hub.repositories[part.reference.repository] = FakeRepository(dict(files), commit=commit)
    assert run(capsys, tmp_path, "models", "get", "3B-GDN", "3B-DN")[0] == 0
    status, removed, _ = run(capsys, tmp_path, "models", "remove", "3B-DN", "--yes", "--json")
    assert status == 0
    assert [name.partition("/")[0] for name in json.loads(removed)["removed"]] == ["ByteDance-Seed"]
    status, _, refused = run(capsys, tmp_path, "models", "remove", "3B-DN", "--yes")
    assert status == 1 and "that no other model needs" in refused
    assert run(capsys, tmp_path, "models", "get", "3B-DN")[0] == 0
    status, removed, _ = run(capsys, tmp_path, "models", "remove", "3B-GDN", "3B-DN", "--yes", "--json")
    assert status == 0 and len(json.loads(removed)["removed"]) == 3, "the base once"


def test_nothing_is_removed_where_nobody_can_be_asked(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, tmp_path, "models", "get", "tiny/base")[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    status, _, refused = run(capsys, tmp_path, "models", "remove", "tiny/base")
    assert status == 2 and "add --yes" in refused
    assert run(capsys, tmp_path, "models", "verify", "tiny/base")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("models", "get", "nonsense"), "is no model of the list and no Hugging Face id"),
        (("models", "get", "no/body"), "There is no no/body on the hub"),
        (("models", "get", "7B-GDN", "--offline"), "--offline forbids fetching it"),
        (("models", "remove", "embedded", "--yes"), "so it stays"),
        (("plan", "embedded", "--context", "many"), "is no number of tokens"),
        (("plan", "embedded", "--window", "0"), "--window is 0"),
        (("plan", "/no/folder"), "there is no folder /no/folder"),
    ],
)
def test_refusals_are_one_sentence(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    status, _, told = run(capsys, tmp_path, *words)
    said = told.splitlines()[-1]  # before it there may be a line of progress
    assert status in (1, 2) and said.startswith("ahn-chat: ") and sentence in said
