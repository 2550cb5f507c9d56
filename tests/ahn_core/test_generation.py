"""Streaming generation against a slow, obvious loop; chunks, cancelling, stop strings, characters and
sampling.
"""

from __future__ import annotations

import pytest
import torch

from ahn_core import (
    AHNForCausalLM,
    Finished,
    PrefillProgress,
    SamplingSettings,
    Token,
    prefill,
    stream_generate,
)
from ahn_core.sampling import Sampler
from ahn_core.text import StopStrings, StreamDecoder
from ahn_core.undo import StepUndo
from tests.tiny import byte_tokenizer, tiny_model

TOKENIZER = byte_tokenizer()
PROMPT = TOKENIZER.encode("The lighthouse keeper climbs the stairs every evening at dusk.")


@pytest.fixture(scope="module")
def tiny(device: torch.device) -> AHNForCausalLM:
    return tiny_model(device=device)


def cache(model: AHNForCausalLM, kind="ahn"):
    return model.make_cache(kind, attention_sinks=4, sliding_window=16)


@torch.no_grad()
def slow_greedy(model: AHNForCausalLM, prompt: list[int], count: int) -> list[int]:
    """Reads everything anew for each token."""
    ids = list(prompt)
    for _ in range(count):
        logits = model(torch.tensor([ids], device=model.device), past_key_values=cache(model)).logits[0, -1]
        token = int(logits.argmax())
        if token == TOKENIZER.eos_token_id:
            break
        ids.append(token)
    return ids[len(prompt) :]


def run(model: AHNForCausalLM, prompt=PROMPT, memory=None, **options):
    events = list(stream_generate(model, TOKENIZER, prompt, memory or cache(model), **options))
    tokens = [event for event in events if isinstance(event, Token)]
    assert isinstance(events[-1], Finished) and sum(isinstance(event, Finished) for event in events) == 1
    return tokens, events[-1], [event for event in events if isinstance(event, PrefillProgress)]


@pytest.mark.parametrize("chunk_size", [1, 7, 512])
def test_equals_the_slow_loop(tiny: AHNForCausalLM, chunk_size: int) -> None:
    tokens, finished, _ = run(tiny, max_new_tokens=25, chunk_size=chunk_size)
    assert [token.token_id for token in tokens] == slow_greedy(tiny, PROMPT, 25)
    assert finished.reason == "length" and finished.generated_tokens == 25
    assert finished.prompt_tokens == len(PROMPT)


def test_the_text_is_what_the_tokens_say(tiny: AHNForCausalLM) -> None:
    tokens, finished, _ = run(tiny, max_new_tokens=40)
    assert finished.text.startswith("".join(token.text for token in tokens))
    assert finished.text == TOKENIZER.decode([token.token_id for token in tokens], skip_special_tokens=True)


def test_every_token_is_in_the_cache_and_the_next_turn_continues(tiny: AHNForCausalLM) -> None:
    memory = cache(tiny)
    tokens, _, _ = run(tiny, memory=memory, max_new_tokens=10)
    assert memory.get_seq_length() == len(PROMPT) + 10
    first = [token.token_id for token in tokens]
    more = TOKENIZER.encode(" And then?")
    again, _, _ = run(tiny, more, memory=memory, max_new_tokens=8)
    assert [token.token_id for token in again] == slow_greedy(tiny, [*PROMPT, *first, *more], 8)


def test_progress_counts_chunks(tiny: AHNForCausalLM) -> None:
    _, finished, progress = run(tiny, max_new_tokens=1, chunk_size=20)
    assert [event.tokens_done for event in progress] == [20, 40, 60, len(PROMPT)]
    assert all(event.tokens_total == len(PROMPT) for event in progress)
    assert all(
        event.tokens_per_second == pytest.approx(event.tokens_done / event.seconds) for event in progress
    )
    assert finished.time_to_first_token >= finished.prefill_seconds > 0


def test_stops_within_one_chunk_and_can_go_on(tiny: AHNForCausalLM) -> None:
    memory, seen = cache(tiny), []
    for event in prefill(tiny, PROMPT, memory, chunk_size=10, should_stop=lambda: len(seen) == 2):
        seen.append(event)
    assert [event.tokens_done for event in seen] == [10, 20]
    assert memory.get_seq_length() == 20
    list(prefill(tiny, PROMPT[20:-1], memory))
    tokens, _, _ = run(tiny, PROMPT[-1:], memory=memory, max_new_tokens=10)
    assert [token.token_id for token in tokens] == slow_greedy(tiny, PROMPT, 10)


def test_cancelled_while_reading_and_while_decoding(tiny: AHNForCausalLM) -> None:
    tokens, finished, _ = run(tiny, should_stop=lambda: True)
    assert (tokens, finished.reason, finished.prompt_tokens) == ([], "cancelled", 0)
    assert finished.time_to_first_token is None
    seen: list[object] = []
    memory = cache(tiny)
    for event in stream_generate(tiny, TOKENIZER, PROMPT, memory, should_stop=lambda: len(seen) >= 4):
        seen.append(event)
    assert [type(event).__name__ for event in seen] == [
        "PrefillProgress",
        "Token",
        "Token",
        "Token",
        "Finished",
    ]
    assert seen[-1].reason == "cancelled"
    assert memory.get_seq_length() == len(PROMPT) + 3


def test_end_of_turn_is_neither_yielded_nor_fed(device: torch.device, tiny: AHNForCausalLM) -> None:
    model = tiny_model(device=device)
    first = slow_greedy(tiny, PROMPT, 3)
    object.__setattr__(model.config, "eos_token_ids", (first[2],))
    memory = model.make_cache("ahn", attention_sinks=4, sliding_window=16)
    events = list(stream_generate(model, TOKENIZER, PROMPT, memory))
    assert [event.token_id for event in events if isinstance(event, Token)] == first[:2]
    assert events[-1].reason == "end"
    assert memory.get_seq_length() == len(PROMPT) + 2


def test_a_stop_string_ends_the_answer_and_is_not_in_it(tiny: AHNForCausalLM) -> None:
    tokens, whole, _ = run(tiny, max_new_tokens=60)
    target = next(
        piece
        for start in range(5, 40)
        if (piece := whole.text[start : start + 2]).isascii() and len(piece.strip()) == 2
    )
    stopped, finished, _ = run(tiny, max_new_tokens=60, stop=[target])
    assert finished.reason == "stop"
    assert finished.text == whole.text[: whole.text.index(target)]
    assert len(stopped) < len(tokens)


# ---- queueing the next step before a token is looked at


def contents(memory):
    """Everything a cache holds, but for rows that hold nothing."""
    rows = memory._used_rows()
    return [
        t if name == "state" else t[: rows[name]] if name == "gates" else t[:, : rows[name]]
        for layer in memory.layers
        for name, t in layer.tensors().items()
    ]


@pytest.mark.parametrize("ending", ["length", "end", "stop", "cancelled"])
@pytest.mark.parametrize(
    ("kind", "sink_positions", "prompt"),
    [
        ("full", "absolute", PROMPT),
        ("window", "capped", PROMPT),
        ("ahn", "absolute", PROMPT),
        ("ahn", "capped", PROMPT),
        ("ahn", "capped", PROMPT[:8]),  # the window is still filling up
    ],
)
def test_ahead_of_the_host_nothing_is_different(
    device: torch.device, kind, sink_positions, prompt, ending
) -> None:
    found = {}
    for ahead in (False, True):
        model = tiny_model(
            sink_positions=sink_positions, memory_rope=sink_positions == "absolute", device=device
        )
        memory = model.make_cache(kind, attention_sinks=4, sliding_window=16)
        options = {
            "sampling": SamplingSettings(temperature=0.9, top_p=0.97, repetition_penalty=1.3, seed=5),
            "max_new_tokens": 20,
            "ahead": ahead,
        }
        events: list = []
        if ending != "length":
            scouted = stream_generate(model, TOKENIZER, prompt, memory.clone(), **options)
            ids = [event.token_id for event in scouted if isinstance(event, Token)]
            if ending == "end":
                object.__setattr__(model.config, "eos_token_ids", (ids[15],))
            elif ending == "stop":
                text = TOKENIZER.decode(ids[10:16])
                options["stop"] = [text[1:3]]
            else:
                options["should_stop"] = lambda seen=events: len(seen) >= 15
        for event in stream_generate(model, TOKENIZER, prompt, memory, **options):
            events.append(event)
        chosen = [(e.token_id, e.text, e.memory_share) for e in events if isinstance(e, Token)]
        assert events[-1].reason == ending
        assert memory.get_seq_length() == len(prompt) + len(chosen)
        found[ahead] = chosen, contents(memory)
    (tokens, tensors), (other, others) = found[False], found[True]
    assert other == tokens
    assert all(torch.equal(a, b) for a, b in zip(tensors, others, strict=True))


@pytest.mark.cuda
@pytest.mark.parametrize("backend", ["torch", "graphs"])
def test_on_a_gpu_ahead_of_the_host_nothing_is_different(backend) -> None:
    """With an end token on the way, whose step has to be taken back under a graph that is replayed."""
    model = tiny_model().to("cuda")
    model.use_backend(backend)
    sampling = SamplingSettings(temperature=0.9, repetition_penalty=1.3, seed=5)
    found = []
    for ahead in (False, False, True):
        memory = model.make_cache("ahn", attention_sinks=4, sliding_window=16)
        events = list(
            stream_generate(
                model, TOKENIZER, PROMPT, memory, max_new_tokens=40, sampling=sampling, ahead=ahead
            )
        )
        ids = [event.token_id for event in events if isinstance(event, Token)]
        if not found:  # the first run is there to find an end token
            object.__setattr__(model.config, "eos_token_ids", (ids[25],))
        found.append((ids, memory.get_seq_length(), contents(memory)))
    (ids, length, tensors), (other, other_length, others) = found[1:]
    assert 0 < len(ids) <= 25
    assert (other, other_length) == (ids, length)
    assert all(torch.equal(a, b) for a, b in zip(tensors, others, strict=True))


def test_a_step_is_taken_back_once(tiny: AHNForCausalLM) -> None:
    memory = cache(tiny)
    list(prefill(tiny, PROMPT, memory))
    before, kept = [t.clone() for t in contents(memory)], StepUndo(memory)
    kept.keep()
    with torch.no_grad():
        tiny(torch.tensor([[7]], device=tiny.device), past_key_values=memory)
    assert not all(torch.equal(a, b) for a, b in zip(contents(memory), before, strict=True))
    kept.take_back()
    assert memory.get_seq_length() == len(PROMPT)
    assert all(torch.equal(a, b) for a, b in zip(contents(memory), before, strict=True))
    with pytest.raises(ValueError, match="nothing was kept"):
        kept.take_back()


def test_drawing_is_what_multinomial_draws() -> None:
    logits = torch.randn(300, generator=torch.Generator().manual_seed(1)) * 3
    sampler = Sampler(SamplingSettings(temperature=1.0, seed=11), torch.device("cpu"))
    generator = torch.Generator().manual_seed(11)
    for _ in range(600):  # more than there is room for at first
        assert sampler.choose(logits) == torch.multinomial(logits.softmax(-1), 1, generator=generator)


@pytest.mark.parametrize("pieces", [["ab", "c", "STO", "P", "more"], list("abcSTOPmore"), ["abcSTOPmore"]])
def test_stop_strings_hold_back_only_what_may_be_one(pieces: list[str]) -> None:
    stops = StopStrings(["STOP"])
    assert "".join(stops.push(piece) for piece in pieces) + stops.flush() == "abc"
    assert stops.found
    near = StopStrings(["STOP"])
    assert near.push("abST") == "ab" and near.push("X") == "STX" and near.flush() == ""
    assert StopStrings([]).push("STOP") == "STOP"


def test_half_a_character_is_held_back() -> None:
    decoder = StreamDecoder(TOKENIZER)
    ids = TOKENIZER.encode("a🦛é")
    pieces = [decoder.push(token) for token in ids]
    assert "".join(pieces) == "a🦛é" and "" in pieces and "\ufffd" not in "".join(pieces)
    for token in TOKENIZER.encode("🦛")[:2]:
        assert decoder.push(token) == ""
    assert "\ufffd" in decoder.flush()


def test_sampling_repeats_with_a_seed(tiny: AHNForCausalLM) -> None:
    def ids(seed: int) -> list[int]:
        settings = SamplingSettings(temperature=1.0, top_p=0.95, top_k=50, min_p=0.01, seed=seed)
        return [token.token_id for token in run(tiny, sampling=settings, max_new_tokens=12)[0]]

    assert ids(1) == ids(1)
    assert len({tuple(ids(seed)) for seed in range(4)}) > 1


def test_top_k_one_is_greedy_and_the_penalty_forbids_repetition(tiny: AHNForCausalLM) -> None:
    greedy = [token.token_id for token in run(tiny, max_new_tokens=12)[0]]
    top = SamplingSettings(temperature=1.0, top_k=1, seed=3)
    assert [token.token_id for token in run(tiny, sampling=top, max_new_tokens=12)[0]] == greedy
    strong = SamplingSettings(repetition_penalty=10.0)
    penalised = [token.token_id for token in run(tiny, sampling=strong, max_new_tokens=12)[0]]
    assert len(set(penalised)) > len(set(greedy)) or len(set(greedy)) == 12


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"top_p": 0},
        {"top_p": 1.5},
        {"top_k": -2},
        {"min_p": 2},
        {"repetition_penalty": 0},
    ],
)
def test_impossible_sampling_is_refused(wrong: dict) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        SamplingSettings(**wrong)


def test_memory_share_shows_once_tokens_are_evicted(tiny: AHNForCausalLM) -> None:
    assert all(token.memory_share == 0 for token in run(tiny, PROMPT[:5], max_new_tokens=10)[0])
    assert all(0 < token.memory_share < 1 for token in run(tiny, max_new_tokens=10)[0])


def test_an_empty_prompt_is_refused(tiny: AHNForCausalLM) -> None:
    with pytest.raises(ValueError, match="prompt is empty"):
        list(stream_generate(tiny, TOKENIZER, [], cache(tiny)))
