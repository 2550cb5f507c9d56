"""The benchmark: what it measures, on a tiny base; how fast anything is, no test asserts."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ahn_core.weights.invented import invented_model
from app import acceleration, bench
from app.bench import worker
from app.bench.limits import Limits, measure
from app.bench.worker import CONTENDERS, Measurement, Result, Specification, run
from app.options import CommandFailed, OptionError
from tests.tiny import tiny_model

GOLDEN = Path(__file__).parent.parent / "golden" / "gateddeltanet-s128-w64"


def specification(contender, *lengths: int) -> Specification:
    return Specification(contender, str(GOLDEN / "base"), str(GOLDEN / "ahn"), lengths, 3, 4, 16, None)


OURS = tuple(contender for contender in CONTENDERS if contender != "llama.cpp")


@pytest.mark.parametrize("contender", OURS)
def test_each_contender_is_measured_at_each_length(contender) -> None:
    result = run(specification(contender, 30, 700))
    assert [m.length for m in result.measurements] == [30, 700]
    assert all(m.read_tokens_per_second > 0 and m.decode_tokens_per_second > 0 for m in result.measurements)
    short, long = (m.cache_bytes for m in result.measurements)
    if contender in ("ahn", "window"):
        assert short == long
    else:
        assert long >= 700 * 3 * 2 * 2 * 16 * 4 > short  # layers, keys and values, heads, size, float32
    assert result.stopped_at is None


def test_llama_cpp_is_measured_by_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the server: what was read before is not read again, and counts once."""
    asked: list[tuple[int, int]] = []

    class Server:
        def __init__(self, parameters: SimpleNamespace) -> None:
            assert (parameters.n_ctx, parameters.model.path) == (1_000, "model.gguf")
            assert parameters.cpuparams.n_threads == parameters.cpuparams_batch.n_threads == 2

        def handle_completions(self, request: dict[str, Any]) -> dict[str, Any]:
            new = len(request["prompt"]) - max(
                (length for length, _ in asked if length % 100 == 0), default=0
            )
            asked.append((len(request["prompt"]), request["n_predict"]))
            return {"timings": {"prompt_ms": 10.0 * new, "predicted_ms": 50.0 * (request["n_predict"] - 1)}}

    parts = ("model", "cpuparams", "cpuparams_batch")
    stand_in = SimpleNamespace(
        CommonParams=lambda: SimpleNamespace(**{name: SimpleNamespace() for name in parts}), Server=Server
    )
    monkeypatch.setitem(sys.modules, "xllamacpp", stand_in)
    monkeypatch.setattr(worker, "_trained_length", lambda gguf: 1_000)
    asked_for = replace(specification("llama.cpp", 100, 400, 990), threads=2, gguf="model.gguf")
    measured = run(asked_for)
    assert asked == [(100, 1), (132, 4), (400, 1), (432, 4)]
    assert [m.read_tokens_per_second for m in measured.measurements] == [pytest.approx(100.0)] * 2
    assert [m.decode_tokens_per_second for m in measured.measurements] == [pytest.approx(20.0)] * 2
    assert [m.first_token_seconds for m in measured.measurements] == [pytest.approx(0.32)] * 2
    assert measured.stopped_at == (990, "trained to 1,000 positions")


def test_the_trained_length_is_read_from_the_gguf_file(tmp_path: Path) -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_context_length(4_096)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    assert worker._trained_length(str(tmp_path / "model.gguf")) == 4_096


def test_the_limits_are_measured_and_the_shares_told() -> None:
    limits = measure(vector_bytes=2**20, matrix=64)
    assert limits.bytes_per_second > 0 and limits.operations_per_second > 0
    rounds = replace(
        result("ahn", 100.0), weight_bytes=10**9, read_operations=10**9
    )  # reads 100, decodes 10 tokens/s
    told = bench.shares(Limits(20.02e9, 400e9), {"ahn": [rounds], "llama.cpp": [result("llama.cpp", 50.0)]})
    assert "memory read at 20.0 GB/s, float32 matrix products at 400 GFLOP/s" in told
    assert "at most 20 tokens/s decoding (1,000 MB of weights and 1 MB of cache), 50% reached" in told
    assert "400 reading (1,000 MFLOP a token), 25% reached" in told
    assert "llama.cpp" not in told, "what it touches is not known"


def test_a_decoded_token_touches_every_weight_but_the_embeddings() -> None:
    ours, theirs = run(specification("window", 30)), run(specification("transformers", 30))
    # 3 layers: queries, keys, values with biases, output, MLP, two norms; the memory's tensors are ours alone.
    layer = 64 * 64 * 2 + 2 * 64 * 32 + (64 + 2 * 32) + 3 * 64 * 128 + 2 * 64
    assert theirs.weight_bytes == 4 * (3 * layer + 211 * 64)
    assert ours.weight_bytes > theirs.weight_bytes
    assert theirs.read_operations == 2 * 3 * (layer - (64 + 2 * 32) - 2 * 64)


def test_llama_cpp_is_left_out_by_name_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    assert bench.installed(CONTENDERS) == OURS


def test_llama_cpp_needs_a_gguf_file_for_a_model_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = bench.parser().parse_args(["--model", "some/base"])
    with pytest.raises(CommandFailed, match="name it with --gguf"):
        bench.gguf_file(arguments)
    named = bench.parser().parse_args(["--model", "some/base", "--gguf", "x.gguf"])
    assert bench.gguf_file(named) == "x.gguf"


def test_full_attention_stops_at_the_trained_length() -> None:
    result = run(specification("full", 30, 5_000))
    assert [m.length for m in result.measurements] == [30]
    assert result.stopped_at == (5_000, "trained to 4,096 positions")


def test_decoding_on_a_branch_leaves_the_reading_alone() -> None:
    """The figures after 700 tokens are of 700 tokens, not of those and what was tried before."""
    result = run(specification("full", 30, 700))
    whole = run(specification("full", 700))
    assert result.measurements[1].cache_bytes == whole.measurements[0].cache_bytes


def test_the_command_prints_one_json_object(
    capsys: pytest.CaptureFixture[str], data_dir: Path, native_folder: Path
) -> None:
    shutil.copytree(native_folder, acceleration.native_folder(data_dir))
    arguments = [
        "--model",
        str(GOLDEN / "base"),
        "--lengths",
        "30",
        "--rounds",
        "1",
        "--decode-tokens",
        "2",
        "--json",
    ]
    assert bench.main([*arguments, "--contenders", "window,transformers"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed["rounds"]) == ["window", "transformers"]
    assert printed["rounds"]["window"][0]["measurements"][0]["length"] == 30
    assert printed["machine"]["torch"] and printed["limits"]["bytes_per_second"] > 0


def result(contender, rate: float) -> Result:
    return Result(contender, 1.0, (Measurement(1024, rate, rate / 10, 0.5, 10**6, 10**8),), None)


def test_the_table_shows_medians_and_ratios() -> None:
    text = bench.table(
        {
            "ahn": [result("ahn", rate) for rate in (100.0, 300.0, 900.0)],
            "transformers": [result("transformers", 200.0)],
            "llama.cpp": [result("llama.cpp", 100.0)],
        }
    )
    assert text.splitlines()[1].split() == [
        "ahn",
        "1,024",
        "300",
        "1.50",
        "30.0",
        "1.50",
        "0.50",
        "1.0",
        "100",
    ]


def test_lengths_and_contenders_are_checked() -> None:
    assert bench.parse_lengths("8k,512, 1k") == (512, 1024, 8192)
    assert bench.parse_contenders("full,ahn") == ("ahn", "full")
    for wrong in ("1k,x", "0", ""):
        with pytest.raises(OptionError, match="no number of tokens"):
            bench.parse_lengths(wrong)
    with pytest.raises(OptionError, match="'llama' is no contender"):
        bench.parse_contenders("llama")


def test_random_weights_need_no_download(
    capsys: pytest.CaptureFixture[str], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A true configuration, in the formats that are chatted in; the processes are played through here."""
    seen: list[Specification] = []

    def measured(specification: Specification) -> Result:
        seen.append(Specification(**json.loads(json.dumps(asdict(specification)))))
        return run(seen[-1])

    monkeypatch.setattr(bench, "measure_in_process", measured)
    monkeypatch.setattr(bench, "compiled_library", lambda folder: None)
    monkeypatch.setattr(bench, "measure_limits", lambda threads: Limits(1e9, 1e9, 1e9))
    folder = data_dir / "base"
    folder.mkdir()
    (folder / "config.json").write_text((GOLDEN / "base" / "config.json").read_text())
    command = [
        "--model",
        str(folder),
        "--random-weights",
        "--lengths",
        "40",
        "--rounds",
        "1",
        "--device",
        "cpu",
    ]
    assert bench.main([*command, "--data-dir", str(data_dir), "--sinks", "4", "--window", "16"]) == 0
    text = capsys.readouterr().out
    assert "with random weights, int8 on cpu" in text
    assert [s.contender for s in seen] == ["ahn", "window", "full"]
    assert all(line in text for line in ("ahn ", "window ", "full "))
    assert (seen[0].attention_sinks, seen[0].sliding_window) == (4, 16)
    assert [path.name for path in folder.iterdir()] == ["config.json"]


def test_the_window_of_random_weights_is_a_chat_s(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    seen: list[Specification] = []
    ended = RuntimeError("seen")

    def noted(specification: Specification) -> Result:
        seen.append(specification)
        raise ended

    monkeypatch.setattr(bench, "measure_in_process", noted)
    monkeypatch.setattr(bench, "compiled_library", lambda folder: None)
    monkeypatch.setattr(bench, "measure_limits", lambda threads: Limits(1e9, 1e9, 1e9))
    with pytest.raises(RuntimeError, match="seen"):
        bench.main(["--model", "Qwen/Qwen2.5-3B-Instruct", "--random-weights", "--data-dir", str(data_dir)])
    assert seen[0].shape is not None and seen[0].shape["hidden_size"] == 2048
    assert (seen[0].attention_sinks, seen[0].sliding_window) == (128, 32_640)


def test_a_contender_that_fails_takes_no_other_along(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    asked: list[str] = []

    def measured(specification: Specification) -> Result:
        asked.append(specification.contender)
        if specification.contender in failing:
            raise CommandFailed(f"Measuring {specification.contender} failed: no memory.")
        return Result(specification.contender, 1.0, (Measurement(8, 2.0, 3.0, 0.1, 4, 5),), None)

    monkeypatch.setattr(bench, "measure_in_process", measured)
    monkeypatch.setattr(bench, "compiled_library", lambda folder: None)
    monkeypatch.setattr(bench, "measure_limits", lambda threads: Limits(1e9, 1e9, 1e9))
    command = ["--model", "0.5B", "--random-weights", "--rounds", "2", "--json", "--data-dir", str(data_dir)]
    failing = {"window"}
    assert bench.main(command) == 1
    printed = capsys.readouterr()
    assert list(json.loads(printed.out)["rounds"]) == ["ahn", "full"]
    assert "Measuring window failed: no memory. It is left out." in printed.err
    assert asked == ["ahn", "window", "full", "ahn", "full"], "it is not tried again"
    failing |= {"ahn", "full"}
    with pytest.raises(CommandFailed, match="Measuring ahn failed.*Measuring full failed"):
        bench.main(command)


def test_others_have_no_random_weights(data_dir: Path) -> None:
    with pytest.raises(OptionError, match="transformers has no random weights"):
        bench.main(["--random-weights", "--contenders", "ahn,transformers", "--data-dir", str(data_dir)])


@pytest.mark.parametrize("dtype", ["int8", "mixed", "float32", "bfloat16"])
def test_an_invented_model_has_every_weight(dtype: str) -> None:
    made = tiny_model(qkv_bias=True)
    model = invented_model(made.config, made.ahn_config, name="invented", dtype=dtype, device="cpu")
    assert model.num_parameters == made.num_parameters
    assert model.precision == dtype
    with torch.no_grad():
        logits = model(
            torch.arange(50)[None],
            past_key_values=model.make_cache("ahn", attention_sinks=4, sliding_window=8),
        ).logits
    assert bool(logits.isfinite().all()) and float(logits.float().std()) > 0
