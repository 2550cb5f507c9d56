"""generate() against transformers' own, on tiny random models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MaxLengthCriteria,
    NoBadWordsLogitsProcessor,
    Qwen3Config,
    Qwen3ForCausalLM,
    StoppingCriteriaList,
    TextStreamer,
)

from ahn_core import AHNForCausalLM
from tests.tiny import byte_tokenizer, tiny_model

SIZES: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "eos_token_id": 96,
}
FAMILIES: dict[str, tuple[Any, Any]] = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=20)),
}


@pytest.fixture(scope="module", params=FAMILIES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, device: torch.device
) -> tuple[Any, AHNForCausalLM]:
    """transformers' model and ours, with the same weights."""
    make, config = FAMILIES[request.param]
    torch.manual_seed(0)
    reference = make(config).eval()
    with torch.no_grad():
        for parameter in reference.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.3)
    folder = tmp_path_factory.mktemp(request.param)
    reference.save_pretrained(folder)
    model = AHNForCausalLM.from_pretrained(folder, device=device, dtype="float32", backend="torch")
    return reference.to(device), model


PROMPT = torch.randint(0, 96, (1, 30), generator=torch.Generator().manual_seed(3))
WAYS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "penalty": {"repetition_penalty": 1.3},
    "sampled": {"do_sample": True},
    "shaped": {"do_sample": True, "temperature": 1.4, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.1},
    "least share": {"do_sample": True, "top_k": 0, "min_p": 0.05},
    "another end": {"eos_token_id": list(range(40))},
    "length": {"max_new_tokens": None, "max_length": 41},
}


@pytest.mark.parametrize("way", WAYS)
def test_the_tokens_are_those_of_transformers(pair: tuple[Any, AHNForCausalLM], way: str) -> None:
    reference, model = pair
    prompt = PROMPT.to(model.device)
    arguments = {"max_new_tokens": 25, **WAYS[way]}
    torch.manual_seed(5)
    expected = reference.generate(prompt, **arguments, pad_token_id=96)
    torch.manual_seed(5)
    found = model.generate(prompt, **arguments, pad_token_id=96)
    assert found.tolist() == expected.tolist()
    assert found.dtype == torch.int64 and found[:, :30].equal(prompt) and found.shape[1] > 30


def test_a_cache_goes_on_where_it_stands(pair: tuple[Any, AHNForCausalLM]) -> None:
    _, model = pair
    prompt = PROMPT.to(model.device)
    whole = model.generate(prompt, max_new_tokens=12)
    cache = model.make_cache("ahn", attention_sinks=4, sliding_window=100)
    part = model.generate(prompt, max_new_tokens=5, past_key_values=cache)
    assert cache.get_seq_length() == part.shape[1] - 1
    assert model.generate(part, max_new_tokens=7, past_key_values=cache).equal(whole)
    with pytest.raises(ValueError, match="nothing new to read"):
        model.generate(part, past_key_values=cache)


def test_the_memory_is_used_where_the_window_ends(device: torch.device) -> None:
    model = tiny_model(eos_token_ids=(), device=device)
    model.default_attention_sinks, model.default_sliding_window = 8, 32
    ids = torch.randint(0, 256, (1, 120), generator=torch.Generator().manual_seed(1)).to(device)
    kept = model.make_cache("ahn")
    found = model.generate(ids, max_new_tokens=6)
    assert found.equal(model.generate(ids, max_new_tokens=6, past_key_values=kept))
    assert kept.stats().compressed_tokens == 120 + 5 - 40
    assert not found.equal(model.generate(ids, max_new_tokens=6, past_key_values=model.make_cache("full")))


def test_streamers_criteria_and_processors_of_transformers(
    pair: tuple[Any, AHNForCausalLM], capsys: pytest.CaptureFixture[str]
) -> None:
    reference, model = pair
    prompt = PROMPT.to(model.device)
    tokenizer = byte_tokenizer()
    printed = []
    for one in (reference, model):
        extra = {"pad_token_id": 96}
        one.generate(prompt, max_new_tokens=9, streamer=TextStreamer(tokenizer), **extra)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""
    stops = StoppingCriteriaList([MaxLengthCriteria(34)])
    assert model.generate(prompt, max_new_tokens=20, stopping_criteria=stops).shape == (1, 34)
    first = int(model.generate(prompt, max_new_tokens=1)[0, -1])
    forbid = [NoBadWordsLogitsProcessor([[first]], eos_token_id=96)]
    expected = reference.generate(prompt, max_new_tokens=6, logits_processor=forbid, pad_token_id=96)
    assert model.generate(prompt, max_new_tokens=6, logits_processor=forbid).equal(expected)
    seen: list[tuple[int, int]] = []

    def third(ids: torch.Tensor, scores: torch.Tensor) -> bool:
        seen.append((ids.shape[1], scores.shape[1]))
        return len(seen) == 3

    assert model.generate(prompt, max_new_tokens=20, stopping_criteria=[third]).shape == (1, 33)
    assert seen == [(31, 97), (32, 97), (33, 97)]


def test_what_a_tokenizer_returns_is_taken(device: torch.device) -> None:
    model, tokenizer = tiny_model(device=device), byte_tokenizer()
    inputs = tokenizer("The pump", return_tensors="pt").to(device)
    assert model.generate(**inputs).shape[1] <= 8 + 20


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"num_beams": 4}, TypeError, "one sequence is kept"),
        ({"generation_config": object()}, TypeError, "give its values as arguments"),
        ({"stop_strings": ["x"]}, TypeError, "stream_generate"),
        ({"unheard_of": 1}, TypeError, "leave it out"),
        ({"input_ids": torch.ones(2, 4, dtype=torch.long)}, ValueError, "one sequence"),
        ({"input_ids": torch.ones(1, 0, dtype=torch.long)}, ValueError, "empty"),
        ({"attention_mask": torch.tensor([[0, 1, 1, 1]])}, ValueError, "padding"),
        ({"max_new_tokens": 0}, ValueError, "at least 1"),
        ({"max_length": 3}, ValueError, "max_new_tokens"),
    ],
)
def test_what_is_not_taken_is_a_sentence(
    arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    ids = torch.ones(1, 4, dtype=torch.long)
    with pytest.raises(error, match=sentence):
        tiny_model().generate(**{"input_ids": ids, **arguments})


def test_values_that_change_nothing_are_taken(device: torch.device) -> None:
    ids = torch.ones(1, 4, dtype=torch.long, device=device)
    neutral = {"num_beams": 1, "use_cache": True, "return_dict_in_generate": False, "pad_token_id": 0}
    assert tiny_model(device=device).generate(ids, **neutral).equal(tiny_model(device=device).generate(ids))
