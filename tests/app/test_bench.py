"""The benchmark: what it measures, on a tiny base; how fast anything is, no test asserts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import bench
from app.bench.worker import CONTENDERS, Measurement, Result, Specification, run
from app.options import OptionError

GOLDEN = Path(__file__).parent.parent / "golden" / "gateddeltanet-s128-w64"


def specification(contender, *lengths: int) -> Specification:
    return Specification(contender, str(GOLDEN / "base"), str(GOLDEN / "ahn"), lengths, 3, 4, 16, None)


@pytest.mark.parametrize("contender", CONTENDERS)
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


def test_full_attention_stops_at_the_trained_length() -> None:
    result = run(specification("full", 30, 5_000))
    assert [m.length for m in result.measurements] == [30]
    assert result.stopped_at == (5_000, "trained to 4,096 positions")


def test_decoding_on_a_branch_leaves_the_reading_alone() -> None:
    """The figures after 700 tokens are of 700 tokens, not of those and what was tried before."""
    result = run(specification("full", 30, 700))
    whole = run(specification("full", 700))
    assert result.measurements[1].cache_bytes == whole.measurements[0].cache_bytes


def test_the_command_prints_one_json_object(capsys: pytest.CaptureFixture[str], data_dir: Path) -> None:
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
    assert printed["machine"]["torch"]


def result(contender, rate: float) -> Result:
    return Result(contender, 1.0, (Measurement(1024, rate, rate / 10, 0.5, 10**6, 10**8),), None)


def test_the_table_shows_medians_and_ratios() -> None:
    text = bench.table(
        {
            "ahn": [result("ahn", rate) for rate in (100.0, 300.0, 900.0)],
            "transformers": [result("transformers", 200.0)],
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
