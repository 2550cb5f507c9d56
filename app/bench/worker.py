"""Measures one contender in this process: `python -m app.bench.worker SPECIFICATION`, JSON on standard output.

A process of its own, so that peak memory and load time are the contender's alone.
"""

from __future__ import annotations

import copy
import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

if TYPE_CHECKING:
    from torch import Tensor

    from ahn_core import AHNForCausalLM

Contender = Literal["ahn", "window", "full", "transformers", "llama.cpp"]
CONTENDERS: tuple[Contender, ...] = get_args(Contender)
_QUESTION_TOKENS = 32
_CHUNK = 512


@dataclass(frozen=True)
class Specification:
    """What to measure: `lengths` in tokens, ascending; `decode_tokens` are generated after each of them."""

    contender: Contender
    model: str
    ahn: str | None
    lengths: tuple[int, ...]
    decode_tokens: int
    attention_sinks: int
    sliding_window: int
    threads: int | None
    gguf: str | None = None  # what llama.cpp reads
    dtype: str | None = None  # of our weights; transformers has float32
    library: str | None = None  # the compiled decoding step of our contenders; None: torch's operations
    device: str = "cpu"  # of our contenders
    # Random weights of this shape in the place of the model's own: fields of BackboneConfig and of AHNConfig.
    shape: dict[str, Any] | None = None
    memory: dict[str, Any] | None = None
    gguf_file: str | None = None  # of our model, where `model` is a repository or folder that has several


@dataclass(frozen=True)
class Measurement:
    """One contender after `length` tokens. Rates in tokens a second over the whole reading and over the decoding;
    `first_token_seconds` is for a question of 32 tokens when the rest has been read, so for a second question too;
    sizes in bytes.
    """

    length: int
    read_tokens_per_second: float
    decode_tokens_per_second: float
    first_token_seconds: float
    cache_bytes: int
    peak_memory_bytes: int


@dataclass(frozen=True)
class Result:
    """What a worker prints. `stopped_at` is the length it refused, and why, or None. `weight_bytes` are what a decoded
    token must touch, `read_operations` what a token that is read costs in the linear layers; 0 where unknown.
    """

    contender: Contender
    load_seconds: float
    measurements: tuple[Measurement, ...]
    stopped_at: tuple[int, str] | None
    weight_bytes: int = 0
    read_operations: int = 0
    bfloat16: bool = False  # whether those are products of bfloat16


class Subject(Protocol):
    """A model with one conversation: feed tokens, get the likeliest next one, try something and take it back."""

    limit: int | None  # tokens it can hold

    def feed(self, ids: Tensor) -> int:
        """Feed ids [n] and return the likeliest next token."""

    def branch(self) -> Subject:
        """A copy to decode on, so that reading can go on from here."""

    def cache_bytes(self) -> int: ...

    def work(self) -> tuple[int, int]:
        """Bytes of weights a decoded token touches, and operations in the linear layers a token that is read costs."""


class OurModel:
    """This project's model with one of its caches."""

    def __init__(self, specification: Specification) -> None:
        from app.acceleration import keep_freed_memory

        self._model = _our_model(specification)
        keep_freed_memory()
        if self._model.device.type != "cpu":
            self._model.use_backend()
        elif specification.library is not None:
            import torch

            from ahn_core.native.decoder import NativeDecoder
            from ahn_core.ops.cpu import CpuOps

            decoder = NativeDecoder(Path(specification.library), torch.get_num_threads())
            if CpuOps.fits(self._model):
                self._model.ops = CpuOps(self._model, decoder)
        self._cache = self._model.make_cache(
            "full"
            if specification.contender == "full"
            else "window"
            if specification.contender == "window"
            else "ahn",
            attention_sinks=specification.attention_sinks,
            sliding_window=specification.sliding_window,
        )
        self.limit = self._model.config.max_position_embeddings if specification.contender == "full" else None

    def feed(self, ids: Tensor) -> int:
        import torch

        with torch.no_grad():
            ids = ids.to(self._model.device)
            logits = self._model(ids[None], past_key_values=self._cache, logits_to_keep=1).logits
        return int(logits[0, -1].argmax())

    def branch(self) -> OurModel:
        twin = object.__new__(OurModel)
        twin._model, twin._cache, twin.limit = self._model, self._cache.clone(), self.limit
        return twin

    def cache_bytes(self) -> int:
        return self._cache.nbytes

    def work(self) -> tuple[int, int]:
        import torch

        from ahn_core.grouped import GroupedWeight

        layers = [tensor for layer in self._model.layers for tensor in layer.state_dict().values()]
        touched = sum(p.nbytes for p in [*layers, *self._model.lm_head.state_dict().values()])
        # Packed weights are tables of records, with three dimensions.
        packed = [m for layer in self._model.layers for m in layer.modules() if isinstance(m, GroupedWeight)]
        unpacked = [p for p in layers if p.dtype != torch.uint8]
        return touched, _operations(unpacked) + sum(2 * m.rows * m.columns for m in packed)


def _our_model(specification: Specification) -> AHNForCausalLM:
    from ahn_core import AHNConfig, AHNForCausalLM, BackboneConfig
    from ahn_core.weights.invented import invented_model

    if specification.shape is None:
        return AHNForCausalLM.from_pretrained(
            specification.model,
            specification.ahn,
            gguf_file=specification.gguf_file,
            dtype=specification.dtype,
            device=specification.device,
            backend="torch",
        )
    # As JSON has brought them: lists in the place of tuples.
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in specification.shape.items()
    }
    memory = AHNConfig(**(specification.memory or {}))
    return invented_model(
        BackboneConfig(**values),
        memory,
        name=specification.model,
        dtype=specification.dtype,
        device=specification.device,
    )


class Transformers:
    """transformers' own implementation of the same base in float32 with full attention."""

    def __init__(self, specification: Specification) -> None:
        import torch
        from transformers import AutoModelForCausalLM, DynamicCache

        from ahn_core.loading import resolve_folder

        folder = resolve_folder(specification.model)
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self._cache = DynamicCache(config=self._model.config)
        named = inspect.signature(self._model.forward).parameters
        # transformers is giving its cache another name; the old one ends with 5.40.
        self._cache_argument = "cache" if "cache" in named else "past_key_values"
        self.limit: int | None = self._model.config.max_position_embeddings

    def feed(self, ids: Tensor) -> int:
        import torch

        with torch.no_grad():
            logits = self._model(
                ids[None], use_cache=True, logits_to_keep=1, **{self._cache_argument: self._cache}
            ).logits
        return int(logits[0, -1].argmax())

    def branch(self) -> Transformers:
        twin = copy.copy(self)
        twin._cache = copy.deepcopy(self._cache)
        return twin

    def cache_bytes(self) -> int:
        return sum(layer.keys.nbytes + layer.values.nbytes for layer in self._cache.layers)

    def work(self) -> tuple[int, int]:
        layers = list(self._model.model.layers.parameters())
        return sum(p.nbytes for p in [*layers, self._model.lm_head.weight]), _operations(layers)


def _operations(layers: list[Tensor]) -> int:
    """Of a token that is read: the head runs for every decoded token, but of those that are read for the last alone."""
    return sum(2 * p.numel() for p in layers if p.dim() > 1)


class LlamaCpp:
    """llama.cpp on a GGUF file, through xllamacpp's server in this process. It keeps its own time."""

    def __init__(self, specification: Specification) -> None:
        import os

        import xllamacpp

        assert specification.gguf is not None, "the bench names the file"
        parameters = xllamacpp.CommonParams()
        parameters.model.path = specification.gguf
        self.limit = _trained_length(specification.gguf)
        parameters.n_ctx, parameters.n_parallel = self.limit, 1
        threads = specification.threads or os.cpu_count() or 1
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.verbosity = -1
        self._server = xllamacpp.Server(parameters)

    def measure(self, specification: Specification, text: Tensor) -> Iterator[Measurement]:
        """As `measure` does for the others: the cache it has of a prompt's beginning is read no second time."""
        ids, reading = text.tolist(), 0.0
        for length in specification.lengths:
            if length + _QUESTION_TOKENS + specification.decode_tokens > self.limit:
                return
            reading += self._complete(ids[:length], 1)["prompt_ms"] / 1000
            peak = peak_memory_bytes()
            question = ids[:_QUESTION_TOKENS]
            # One token more: the first comes with the reading of the question.
            timings = self._complete([*ids[:length], *question], specification.decode_tokens + 1)
            yield Measurement(
                length=length,
                read_tokens_per_second=length / reading,
                decode_tokens_per_second=specification.decode_tokens / (timings["predicted_ms"] / 1000),
                first_token_seconds=timings["prompt_ms"] / 1000,
                cache_bytes=0,  # it does not say
                peak_memory_bytes=peak,
            )

    def _complete(self, ids: list[int], tokens: int) -> dict[str, float]:
        answer = self._server.handle_completions(
            {"prompt": ids, "n_predict": tokens, "cache_prompt": True, "ignore_eos": True, "temperature": 0.0}
        )
        timings: dict[str, float] = answer["timings"]
        return timings


def _trained_length(gguf: str) -> int:
    from gguf import GGUFReader

    fields = GGUFReader(gguf).fields
    architecture = str(fields["general.architecture"].contents())
    return int(fields[f"{architecture}.context_length"].contents())


def peak_memory_bytes() -> int:
    """Largest resident size of this process so far; 0 where the platform does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def measure(subject: Subject, specification: Specification, text: Tensor) -> Iterator[Measurement]:
    """Read up to each length and decode there. Yields in order; ends early at the subject's limit."""
    position, reading = 0, 0.0
    for length in specification.lengths:
        if (
            subject.limit is not None
            and length + _QUESTION_TOKENS + specification.decode_tokens > subject.limit
        ):
            return
        began = time.perf_counter()
        while position < length:
            piece = text[position : min(position + _CHUNK, length)]
            subject.feed(piece)
            position += len(piece)
        reading += time.perf_counter() - began
        peak, held = peak_memory_bytes(), subject.cache_bytes()
        branch = subject.branch()
        first, token = _timed(partial(branch.feed, text[:_QUESTION_TOKENS]))
        began = time.perf_counter()
        for _ in range(specification.decode_tokens):
            token = branch.feed(text.new_tensor([token]))
        decoding = time.perf_counter() - began
        del branch
        yield Measurement(
            length=length,
            read_tokens_per_second=length / reading,
            decode_tokens_per_second=specification.decode_tokens / decoding,
            first_token_seconds=first,
            cache_bytes=held,
            peak_memory_bytes=peak,
        )


def _timed(action: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def run(specification: Specification) -> Result:
    """Load the contender and measure it."""
    import torch

    if specification.threads is not None:
        torch.set_num_threads(specification.threads)
    generator = torch.Generator().manual_seed(0)
    # Which tokens are read does not change the work; low ids exist in every vocabulary.
    text = torch.randint(0, 200, (max(specification.lengths),), generator=generator)
    began = time.perf_counter()
    if specification.contender == "llama.cpp":
        llama = LlamaCpp(specification)
        limit: int | None = llama.limit
        load, found = time.perf_counter() - began, llama.measure(specification, text)
        touched = (0, 0)
    else:
        subject = (Transformers if specification.contender == "transformers" else OurModel)(specification)
        load, limit, found = time.perf_counter() - began, subject.limit, measure(subject, specification, text)
        touched = subject.work()
        subject.branch().feed(text[:64])  # lazy set-up of the math library is not the contender's
    measured = tuple(found)
    refused = specification.lengths[len(measured) :]
    stopped = (refused[0], f"trained to {limit:,} positions") if refused else None
    from ahn_core.quantization import multiplies_bfloat16

    ours = specification.contender in ("ahn", "window", "full")
    half = ours and specification.dtype in ("int8", "int4") and multiplies_bfloat16()
    return Result(specification.contender, load, measured, stopped, *touched, half)


def main() -> None:
    values = json.loads(sys.argv[1])
    values["lengths"] = tuple(values["lengths"])
    print(json.dumps(asdict(run(Specification(**values)))))


if __name__ == "__main__":
    main()
