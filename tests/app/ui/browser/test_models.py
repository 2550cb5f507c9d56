"""The models' tab in a real Chromium: what fits, a download that is cancelled and goes on, and another model in use."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, expect
from safetensors.torch import load_file, save_file

from ahn_core import AHNForCausalLM, load_tokenizer
from app.conversation import Engine
from app.models import catalogue, downloads
from app.models.desk import ModelDesk, Named
from app.models.hub import Hub
from app.models.ready import make_ready
from app.store import Store
from app.ui.server import PageServer, ServerOptions
from tests.app.chatting import World
from tests.app.ui.browser.pages import SETTINGS, WAIT, Visitor, answered, ask
from tests.hub_server import FakeHub, FakeRepository, serving
from tests.tiny import VOCABULARY, byte_tokenizer

BASE = Path(__file__).parents[3] / "golden" / "gateddeltanet-s128-w64" / "base"


def tiny_base(folder: Path) -> Path:
    """A model as it is published, with the vocabulary of the byte tokenizer."""
    byte_tokenizer().save_pretrained(folder)
    tensors = load_file(BASE / "model.safetensors")
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = torch.nn.functional.pad(tensors[name], (0, 0, 0, VOCABULARY - len(tensors[name])))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    values = json.loads((BASE / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, "vocab_size": VOCABULARY}))
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub on which the smallest base of the table is a tiny one."""
    from huggingface_hub import constants

    for name in ("HF_HUB_OFFLINE", "AHN_CHAT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "_BLOCK_BYTES", 1024)
    files = {path.name: path.read_bytes() for path in tiny_base(tmp_path / "base").iterdir()}
    choice = catalogue.find("0.5B")
    assert choice is not None and choice.base is not None
    reference = choice.base.reference
    with serving() as fake:
        fake.repositories[reference.repository] = FakeRepository(files, commit=str(reference.revision))
        yield fake


@pytest.fixture
def visitor(browser: Browser, hub: FakeHub, tmp_path: Path) -> Iterator[Visitor]:
    """A page over the tiny model, which may be changed for what is on the hub."""
    source, data = Hub(hub.endpoint, tmp_path / "cache"), tmp_path / "data"
    data.mkdir()
    world = World(data)

    def load(named: Named) -> Callable[..., Engine]:
        def run(report: Callable[..., None]) -> Engine:
            ready = make_ready(source, data, named.model, named.ahn, lambda step: None)
            model = AHNForCausalLM.from_pretrained(ready.base, backend="torch")
            return Engine(model, load_tokenizer(ready.base), Store(data))

        return run

    desk = ModelDesk(data, load, hub=source, device="cpu")
    options = ServerOptions(port=0, settings=SETTINGS, model_name="tiny", models=desk)
    with PageServer(lambda report: world.engine, options) as server:
        assert server.loader.wait(20)
        visitor = Visitor(browser, server)
        yield visitor
        visitor.leave()
    world.close()


def test_from_the_table_to_an_answer_of_another_model(visitor: Visitor, hub: FakeHub) -> None:
    page = visitor.open()

    def row(name: str):  # noqa: ANN202
        return page.locator(f'#models-tab [data-model="{name}"].model-row')

    ask(page, "Why?")
    answered(page)
    expect(page.locator("#transcript .message.bot").last).to_contain_text("answered by tiny")
    page.click("#models-tab-button")
    expect(row("7B-GDN")).to_contain_text("download 15.3 GB", timeout=WAIT)
    expect(row("embedded")).to_contain_text("in use")
    row("7B-GDN").get_by_role("button", name="costs").click()
    expect(row("7B-GDN")).to_contain_text("25.9% of full")
    page.select_option("#plan-context", "1000000")
    expect(row("7B-GDN")).to_contain_text("What 1,000,000 tokens take")

    small = row("0.5B")
    use = small.get_by_role("button", name="Load Qwen2.5-0.5B-Instruct and go on with it")
    reached, go_on = threading.Event(), threading.Event()
    repository = next(iter(hub.repositories.values()))

    def hold(name: str, sent: int) -> None:
        if name == "model.safetensors" and sent >= 40_960:
            reached.set()
            go_on.wait(WAIT / 1000)

    repository.before = hold
    small.get_by_role("button", name="Download", exact=True).click()
    assert reached.wait(WAIT / 1000)
    expect(small.get_by_role("progressbar")).to_be_visible(timeout=WAIT)
    small.get_by_role("button", name="Cancel").click()
    go_on.set()
    expect(small.get_by_role("button", name="Go on downloading")).to_be_visible(timeout=WAIT)
    repository.before = lambda name, sent: None
    small.get_by_role("button", name="Go on downloading").click()
    expect(use).to_be_visible(timeout=WAIT)
    assert hub.fetched("model.safetensors")[-1].startswith("bytes=")

    use.click()
    expect(page.locator("#model-name")).to_have_text("Qwen2.5-0.5B-Instruct", timeout=WAIT)
    expect(small).to_contain_text("in use", timeout=WAIT)
    page.click("#chat-tab-button")
    expect(page.locator("#question textarea")).to_be_enabled(timeout=WAIT)
    expect(page.locator("#transcript .message.bot")).to_have_count(1, timeout=WAIT)
    ask(page, "And now?")
    answered(page, 2)
    expect(page.locator("#transcript .message.bot").first).to_contain_text("answered by tiny")
    expect(page.locator("#transcript .message.bot").last).to_contain_text(
        "answered by Qwen/Qwen2.5-0.5B-Instruct"
    )
