"""The table of models, names of models, and what planning says of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ahn_core import AHNForCausalLM
from ahn_core.weights import fit
from app.models import catalogue, planning
from app.models.catalogue import CHOICES, choice_of, find
from app.models.ready import references
from app.models.reference import Reference, parse_reference

CPU = torch.device("cpu")


def test_nine_memories_two_small_bases_and_the_embedded_model() -> None:
    names = [choice.name for choice in CHOICES]
    memories = [f"{size}-{cell}" for size in ("3B", "7B", "14B") for cell in ("GDN", "DN", "Mamba2")]
    assert sorted(names) == sorted(["embedded", "0.5B", "1.5B", *memories])
    for choice in CHOICES:
        assert choice.embedded or all(
            part.reference.revision is None or len(part.reference.revision) == 40 for part in choice.parts
        )
        assert choice.base is None or choice.base.reference.revision
    repositories = {part.reference.repository for choice in CHOICES for part in choice.parts}
    assert "ByteDance-Seed/AHN-Mamba2-for-Qwen-2.5-Instruct-14B" in repositories
    assert {find(name).licence for name in ("3B-GDN", "3B-DN", "3B-Mamba2")} == {"Qwen Research License"}  # type: ignore[union-attr]
    assert "no AHN was published" in find("0.5B").note  # type: ignore[union-attr]


def test_sizes_are_those_of_the_published_files() -> None:
    """Bytes of safetensors by their indexes (7B and 14B) or files; headers are some kilobytes more."""
    published = {"0.5B": 988_097_824, "7B": 15_231_233_024, "14B": 29_540_067_328}
    for size, nbytes in published.items():
        choice = next(c for c in CHOICES if c.name in (size, f"{size}-GDN"))
        assert choice.base is not None and choice.base.nbytes == pytest.approx(nbytes, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qwen/Qwen2.5-3B-Instruct", Reference("Qwen/Qwen2.5-3B-Instruct")),
        ("a/b@" + "f" * 40, Reference("a/b", "f" * 40)),
        ("a/b-GGUF:b-q4_0.gguf", Reference("a/b-GGUF", None, "b-q4_0.gguf")),
        ("a/b@v1:c.gguf", Reference("a/b", "v1", "c.gguf")),
        ("embedded", None),
        ("7B-GDN", None),
        ("/a/folder", None),
        ("./a/b", None),
        ("a/b/c", None),
        ("a/../b", None),
    ],
)
def test_names_of_the_hub(text: str, expected: Reference | None) -> None:
    assert parse_reference(text) == expected
    if expected is not None:
        assert str(expected) == text


def test_what_is_here_is_no_name_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "7B-GDN").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse_reference("a/b") is None
    assert references("7B-GDN", None) == (None, None)


def test_a_name_of_the_table_brings_its_memory_along() -> None:
    base, memory = references("7b-gdn", None)
    assert base == catalogue.published("Qwen/Qwen2.5-7B-Instruct").reference  # type: ignore[union-attr]
    assert memory == Reference("ByteDance-Seed/AHN-GDN-for-Qwen-2.5-Instruct-7B")
    assert references("7B-GDN", "x/y")[1] == Reference("x/y")
    assert choice_of("Qwen/Qwen2.5-7B-Instruct", str(memory)) is find("7B-GDN")
    assert choice_of("Qwen/Qwen2.5-0.5B-Instruct", None) is find("0.5B")
    assert choice_of("embedded", None) is find("embedded")
    assert choice_of("somebody/else", None) is None


def test_a_plan_s_bytes_are_those_of_a_real_model_and_its_cache(tmp_path: Path) -> None:
    """The embedded model's shape with three layers: weights and caches as the plan has them."""
    from dataclasses import replace

    choice = catalogue.CHOICES[0]
    config = replace(choice.config, num_hidden_layers=3, vocab_size=300)
    planned = planning.plan_of(
        "twin", config, choice.ahn_config, 40, dtype="float32", device=CPU, window=(4, 16)
    )
    model = AHNForCausalLM(config, choice.ahn_config).eval()
    assert planned.weight_bytes == sum(parameter.nbytes for parameter in model.parameters())
    assert planned.parameters + planned.memory_parameters == model.num_parameters
    with torch.no_grad():
        for kind in planning.KINDS:
            cache = model.make_cache(kind, attention_sinks=4, sliding_window=16)
            model(torch.arange(40)[None], past_key_values=cache)
            assert cache.nbytes == planned.costs[kind].cache_bytes


def test_what_fits_and_what_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "free_bytes", lambda device: 8_000_000_000)
    seven, three = find("7B-GDN"), find("3B-GDN")
    assert seven is not None and three is not None
    large, small = (planning.plan(choice, 32_768, device=CPU, dtype="int8") for choice in (seven, three))
    assert large.fits is False and small.fits is True
    assert planning.fit_sentence(large).startswith("does not fit: needs 1")
    assert planning.fit_sentence(small).startswith("fits: needs ")
    given_back = planning.plan(seven, 32_768, device=CPU, dtype="int8", freed_bytes=20_000_000_000)
    assert given_back.fits is True


def test_times_go_by_what_was_measured_here() -> None:
    choice = find("3B-GDN")
    assert choice is not None
    rates = {"SmolLM2-135M-Instruct abcdef int8 cpu ahn": 600.0, "something else": 1.0}
    scaled = planning.plan(choice, 100_000, device=CPU, dtype="int8", rates=rates)
    assert scaled.rate_from == "SmolLM2-135M-Instruct"
    own = {**rates, "Qwen/Qwen2.5-3B-Instruct abcdef int8 cpu ahn": 50.0}
    measured = planning.plan(choice, 4_096, device=CPU, dtype="int8", rates=own)
    assert measured.costs["ahn"].seconds == pytest.approx(4_096 / 50.0, rel=0.01)
    assert planning.plan(choice, 4_096, device=CPU, dtype="int8").costs["ahn"].seconds is None
    assert scaled.costs["full"].seconds > scaled.costs["ahn"].seconds  # type: ignore[operator]


def test_what_suits_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def suggested(free: int, tokens_a_second: float | None) -> str:
        monkeypatch.setattr(fit, "free_bytes", lambda device: free)
        rates = {} if tokens_a_second is None else {"SmolLM2-135M-Instruct a int8 cpu ahn": tokens_a_second}
        plans = {c.name: planning.plan(c, 60_000, device=CPU, dtype="int8", rates=rates) for c in CHOICES}
        return planning.suggestion(plans)

    assert suggested(64_000_000_000, None) == "embedded"
    assert suggested(64_000_000_000, 600.0) == "embedded", "hours for a hundred pages"
    assert suggested(64_000_000_000, 1e6).startswith("14B")
    assert suggested(12_000_000_000, 1e6).startswith("3B")
    assert suggested(1_000_000_000, 1e6) == "embedded"
