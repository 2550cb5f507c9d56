"""The model: a Qwen2/2.5, Qwen3 or Llama transformer with a memory cell in every layer.

The base's weights are the same whatever the cache; the cache passed to `forward` decides whether a call is
full attention, sinks + window, or sinks + window + compressed memory.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recomputed

from . import planner
from .cache import Cache, CacheKind
from .cells import CELLS, MemoryCell
from .config import AHNConfig, BackboneConfig, CellName
from .grouped import PLAIN, GroupedEmbedding, GroupedLinear, GroupedWeight, use_kernels
from .layer_cache import LayerCache, Projected, Update
from .ops.plain import TorchOps, gathered
from .plan import Call, Step
from .quantization import Bfloat16Linear, Int8Linear
from .rope import Rotary, rotate

if TYPE_CHECKING:
    from .generate import Criterion, Streamer
    from .ops.choose import BackendName
    from .sampling import Processor


class Attention(nn.Module):
    """Projections of grouped-query attention; the attention itself belongs to the cache that holds the
    keys.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = (
            config.num_attention_heads,
            config.num_key_value_heads,
            config.head_dim,
        )
        rows = (self.heads + 2 * self.kv_heads) * self.size
        self.qkv_proj = nn.Linear(config.hidden_size, rows, bias=config.qkv_bias)
        self.o_proj = nn.Linear(self.heads * self.size, config.hidden_size, bias=config.attention_output_bias)
        self.q_norm = nn.RMSNorm(self.size, eps=config.rms_norm_eps) if config.qk_norm else None
        self.k_norm = nn.RMSNorm(self.size, eps=config.rms_norm_eps) if config.qk_norm else None

    def project(self, hidden: Tensor, rotation: tuple[Tensor, Tensor]) -> Projected:
        """[T, hidden] and (cos, sin) [T, D] -> queries, keys and values, heads first."""
        heads = self.qkv_proj(hidden).unflatten(-1, (-1, self.size)).transpose(0, 1)  # [H + 2 Hkv, T, D]
        raw_qk, v = heads.split((self.heads + self.kv_heads, self.kv_heads))
        if self.q_norm is not None and self.k_norm is not None:
            raw_qk = torch.cat((self.q_norm(raw_qk[: self.heads]), self.k_norm(raw_qk[self.heads :])))
        qk = rotate(raw_qk, *rotation)
        grouped = (self.kv_heads, self.heads // self.kv_heads)
        return Projected(
            raw_q=raw_qk[: self.heads].unflatten(0, grouped),  # [Hkv, G, T, D]
            q=qk[: self.heads].unflatten(0, grouped),
            raw_k=raw_qk[self.heads :],
            k=qk[self.heads :],
            v=v,
        )


class MLP(nn.Module):
    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.gate_up_proj = nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=config.mlp_bias)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=config.mlp_bias)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


class DecoderLayer(nn.Module):
    def __init__(self, config: BackboneConfig, cell: type[MemoryCell]) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.ahn = cell(config)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, call: Call, cache: LayerCache, ops: TorchOps) -> tuple[Tensor, Update]:
        """[T, hidden] -> [T, hidden], and what the cache is to remember; `ops` computes attention and memory. Free of
        side effects, so it can be checkpointed.
        """
        hidden = self.input_layernorm(x)
        gates = None if cache.cell is None else cache.cell.write_gates(hidden)
        attended, update = cache.attend(
            call, self.self_attn.project(hidden, call.rotation), gates, hidden, ops
        )
        return self.finish(x, attended), update

    def step(
        self, x: Tensor, step: Step, cache: LayerCache, ops: TorchOps
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """The same for one token, the cache written in place: also the outputs of window and memory, [H * D]."""
        hidden = self.input_layernorm(x)
        gates = None if cache.cell is None else cache.cell.write_gates(hidden)
        window, memory = cache.step(step, self.self_attn.project(hidden, step.rotation), gates, hidden, ops)
        attended = window if memory is None else window + memory
        return self.finish(x, attended[None]), window, memory

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """What follows attention in a layer: x [T, hidden] and the heads' outputs [T, H * D] -> [T, hidden]."""
        x = x + self.self_attn.o_proj(attended)
        return x + self.mlp(self.post_attention_layernorm(x))


@dataclass(frozen=True)
class CausalLMOutput:
    """`logits` [1, T or logits_to_keep, V] in the model's dtype, and the cache that now holds the tokens."""

    logits: Tensor
    past_key_values: Cache


class AHNForCausalLM(nn.Module):
    """A frozen base model with an Artificial Hippocampus Network beside its attention (arXiv 2510.07318).

    `default_attention_sinks` and `default_sliding_window` are what `make_cache` takes unless told otherwise: the
    paper's, or those of the embedded model.

    Make one with `from_pretrained`. `memory_trained` is False when no AHN checkpoint was given: the memory
    then adds exactly zero, and `ahn` caches answer like `window` caches.
    """

    def __init__(
        self,
        config: BackboneConfig,
        ahn_config: AHNConfig,
        *,
        name: str = "unnamed",
        memory_trained: bool = False,
        default_attention_sinks: int = 128,
        default_sliding_window: int = 32_640,
    ) -> None:
        super().__init__()
        self.config, self.ahn_config, self.name, self.memory_trained = (
            config,
            ahn_config,
            name,
            memory_trained,
        )
        self.default_attention_sinks = default_attention_sinks
        self.default_sliding_window = default_sliding_window
        self.ops = TorchOps()  # what computes; ops/choose.py finds a faster one
        self.rotary = Rotary(config)
        self.embed_tokens: nn.Embedding | GroupedEmbedding = nn.Embedding(
            config.vocab_size, config.hidden_size
        )
        layers = [DecoderLayer(config, CELLS[ahn_config.cell]) for _ in range(config.num_hidden_layers)]
        self.layers = cast("Sequence[DecoderLayer]", nn.ModuleList(layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        if config.tie_word_embeddings:
            head.weight = self.embed_tokens.weight
        self.lm_head: nn.Linear | Int8Linear | GroupedLinear = head

    @classmethod
    def from_pretrained(
        cls,
        base: str | os.PathLike[str],
        ahn: str | os.PathLike[str] | None = None,
        *,
        cell: CellName | None = None,
        dtype: torch.dtype | str | None = None,
        device: torch.device | str | None = None,
        gguf_file: str | None = None,
        backend: BackendName | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> AHNForCausalLM:
        """Load a base and, optionally, an AHN-only checkpoint.

        Args:
            base: "embedded", a local folder, a GGUF file or a hub id. Safetensors or GGUF only; remote code
            never runs.
            ahn: a local folder or a hub id. None: the embedded model's own memory, else an untrained one that
            adds zero.
            cell: begin with an untrained memory of this cell instead, to train it.
            dtype: default float32 on a CPU, bfloat16 on a GPU; for the embedded model on a CPU "int8", but with the
            plain backend and to train a new cell. "int8", on a CPU only, keeps the base's linear layers
            in 8 bits and everything else in float32; "int4", on an NVIDIA GPU too and beside bfloat16 there, keeps base
            and embedding in 4 bits, or in the blocks of a GGUF file (grouped.py); "mixed", on a CPU only, multiplies
            the linear layers in bfloat16 (quantization.py).
            device: default the first GPU, else the CPU.
            gguf_file: name of the GGUF file inside the folder or repository `base`.
            backend: what computes; see `use_backend`. "torch" is the plain one.
            progress: called with the number of weights that are loaded, and of all, some times a second.

        Raises:
            ahn_core.LoadError: one sentence that names what is missing, of a wrong size or unsafe.
            ahn_core.ConfigError: the base or the memory asks for something this program cannot compute.
            ahn_core.zoo.ZooError: "embedded" could not be fetched.
            ahn_core.BackendError: the backend that was named cannot be used.
        """
        from .loading import load_model

        model = load_model(
            cls,
            base,
            ahn,
            cell=cell,
            dtype=dtype,
            device=device,
            gguf_file=gguf_file,
            plain=backend == "torch",
            progress=progress,
        )
        model.use_backend(backend)
        return model

    def save_ahn(self, folder: str | os.PathLike[str], *, dtype: torch.dtype | None = None) -> None:
        """Write the memory as an AHN-only checkpoint (config.json, model.safetensors) in the published
        layout, in the model's dtype or another; decays stay float32.
        """
        from .loading import save_ahn

        save_ahn(self, folder, dtype)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.norm.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The number format of activations, keys and values."""
        return self.norm.weight.dtype

    @property
    def precision(self) -> str:
        """The number format of the base's weights: "int8", "int4", "mixed", "float32", "bfloat16" or
        "float16".
        """
        if isinstance(self.lm_head, Int8Linear):
            return "int8"
        if isinstance(self.lm_head, GroupedLinear):
            return "int4"
        mixed = isinstance(self.layers[0].mlp.down_proj, Bfloat16Linear)
        return "mixed" if mixed else str(self.dtype).removeprefix("torch.")

    @property
    def num_ahn_parameters(self) -> int:
        """Numbers in the memory's weights, of all layers."""
        return sum(parameter.numel() for layer in self.layers for parameter in layer.ahn.parameters())

    @property
    def num_parameters(self) -> int:
        """Weights of base and memory together; a head tied to the embedding counts once, in any format."""
        total = sum(parameter.numel() for parameter in self.parameters())
        total += sum(m.rows * m.columns for m in self.modules() if isinstance(m, GroupedWeight))
        converted = [m for m in self.modules() if isinstance(m, (Int8Linear, Bfloat16Linear))]
        tied = self.config.tie_word_embeddings and self.lm_head in converted
        return total + sum(m.weight.numel() for m in converted if not (tied and m is self.lm_head))

    @cached_property
    def identity(self) -> dict[str, str]:
        """What a saved cache depends on: base, memory and dtype, each as a name with a digest of its
        weights.
        """
        base, memory = hashlib.sha256(), hashlib.sha256()
        base.update(json.dumps(asdict(self.config), sort_keys=True).encode())
        memory.update(json.dumps(asdict(self.ahn_config), sort_keys=True).encode())
        for name, parameter in self.state_dict().items():
            digest = memory if ".ahn." in name else base
            digest.update(name.encode())
            flat = parameter.detach().flatten()
            # 64 values spread over a base tensor tell two bases apart; a memory tensor is small enough to
            # take whole.
            sample = flat if ".ahn." in name else flat[:: max(1, flat.numel() // 64)]
            digest.update(sample.float().cpu().numpy().tobytes())
        formats = (
            self.precision,
            str(self.dtype).removeprefix("torch."),
        )  # 4 bits are computed in float32 or bfloat16
        return {
            "model": f"{self.name} {base.hexdigest()[:12]}",
            "AHN": f"{self.ahn_config.cell} {memory.hexdigest()[:12]}",
            "dtype": self.precision if self.dtype == torch.float32 else " ".join(dict.fromkeys(formats)),
        }

    def make_cache(
        self,
        kind: CacheKind = "ahn",
        *,
        attention_sinks: int | None = None,
        sliding_window: int | None = None,
    ) -> Cache:
        """An empty cache for one conversation.

        Args:
            kind: "full" attention, "window" (sinks + window) or "ahn" (sinks + window + compressed memory).
            attention_sinks, sliding_window: S >= 0 and W >= 1 in tokens; None: the model's default, which is the
            paper's 128 and 32,640 but for the embedded model. Ignored by "full".

        Raises ValueError for another kind, or a size below these.
        """
        sinks = self.default_attention_sinks if attention_sinks is None else attention_sinks
        window = self.default_sliding_window if sliding_window is None else sliding_window
        return Cache(
            kind,
            sinks,
            window,
            cells=[layer.ahn for layer in self.layers],
            kv_heads=self.config.num_key_value_heads,
            ahn_config=self.ahn_config,
            rotary=self.rotary,
            like=self.norm.weight.detach(),
            identity=self.identity,
        )

    def cache_nbytes(self, kind: CacheKind, attention_sinks: int, sliding_window: int, tokens: int) -> int:
        """Bytes a cache will hold after `tokens` tokens: constant for "window" and "ahn", a line through
        zero for "full".
        """
        return planner.cache_nbytes(
            self.config,
            self.ahn_config,
            kind,
            attention_sinks=attention_sinks,
            sliding_window=sliding_window,
            tokens=tokens,
            format_bytes=self.dtype.itemsize,
        )

    def read(self, input_ids: Tensor, cache: Cache, *, checkpoint: bool = False) -> Tensor:
        """Feed tokens to the cache and return their last hidden states, normed: [1, T] -> [T, hidden].

        `checkpoint` keeps only what goes from layer to layer for the backward pass and computes the rest again then.

        Raises ValueError for another shape, or T = 0; the cache is left as it was.
        """
        if input_ids.dim() != 2 or input_ids.shape[0] != 1:
            raise ValueError(
                f"input_ids has shape {list(input_ids.shape)}, but a cache holds one conversation: give it "
                "as [1, T]."
            )
        x = self.embed_tokens(input_ids[0])  # [T, hidden]
        if input_ids.shape[1] == 1 and not torch.is_grad_enabled():
            return self._step(x, cache)
        call, outputs = cache.begin(input_ids.shape[1], self.ops.query_block), []
        for layer, layer_cache in zip(self.layers, cache.layers, strict=True):
            if checkpoint:
                # Read from a copy: by the time of the recomputation the cache has gone on.
                x, update = recomputed(layer, x, call, layer_cache.clone(), self.ops, use_reentrant=False)
            else:
                x, update = self.ops.read_layer(layer, x, call, layer_cache)
            layer_cache.commit(call, update)
            outputs.append((update.window_output, update.memory_output))
        cache.end(call.count, gathered(outputs))
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Normed hidden states [T, hidden] -> [T, V] in the model's dtype."""
        return self.ops.logits(self.lm_head, hidden)

    def _step(self, x: Tensor, cache: Cache) -> Tensor:
        """One token, [1, hidden] -> [1, hidden]."""
        x, outputs = self.ops.step(self, cache, cache.begin_step(), x)
        cache.end(1, outputs)
        return x

    @property
    def backend(self) -> str:
        """What computes: "torch", "cpu" (compiled C++), "fla" or "mamba" (GPU kernels of those packages), with "+flash"
        where flash attention reads, "+packed" where kernels multiply weights of 4 bits, and "+graphs" where single
        tokens are replayed as CUDA graphs. `ops.reason` tells why, as a clause.
        """
        return self.ops.name

    def use_backend(self, name: BackendName | None = None) -> str:
        """Let `name` compute from now on; None: the best there is here, which may compile for some seconds once.

        Every backend computes the same up to rounding, and alike for each kind of cache. Returns `backend`.
        Raises BackendError where a backend that was named cannot be used: one sentence that says why.
        """
        from .ops.choose import choose

        use_kernels(self, PLAIN)
        self.ops = choose(self, name)
        return self.backend

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> AHNForCausalLM:
        super()._apply(fn, recurse)
        use_kernels(self, PLAIN)
        self.ops = TorchOps("the model was moved or converted since")  # what was chosen may not fit any more
        return self

    def generate(
        self,
        input_ids: Tensor,
        *,
        past_key_values: Cache | None = None,
        attention_mask: Tensor | None = None,
        max_new_tokens: int | None = None,
        max_length: int | None = None,
        do_sample: bool = False,
        temperature: float = 1.0,
        top_p: float = 1.0,
        top_k: int = 50,
        min_p: float | None = None,
        repetition_penalty: float = 1.0,
        eos_token_id: int | Sequence[int] | None = None,
        streamer: Streamer | None = None,
        stopping_criteria: Sequence[Criterion] | None = None,
        logits_processor: Sequence[Processor] | None = None,
        **others: Any,
    ) -> Tensor:
        """Go on with one sequence, with transformers' arguments and tokens; `stream_generate` gives text and figures.

        Args:
            input_ids: [1, T] int64, the whole sequence; only what `past_key_values` has not read is read.
            past_key_values: a cache of `make_cache`. None: sinks, window and memory of the model's default sizes.
            After the call it has read all of the result but its last token, so the next call goes on from it.
            attention_mask: [1, T], all ones.
            max_new_tokens: default 20; max_length: the same with the prompt's tokens counted.
            do_sample: draw from the distribution that temperature, top_k (0: off), top_p and min_p shape; else the
            likeliest token. `torch.manual_seed` makes it repeatable.
            repetition_penalty: over prompt and answer, as in transformers; above 1 avoids repetition.
            eos_token_id: what ends the sequence, and stands at its end; None: the model's own.
            streamer: transformers' TextStreamer and the like.
            stopping_criteria: each called with ids [1, T] and this step's scores [1, V]; true ends the sequence.
            logits_processor: each called with ids [1, T] and scores [1, V], returns scores.
            others: transformers' further arguments, where their values change nothing.

        Returns: [1, T + N] int64 on the model's device, the prompt first.

        Raises:
            ValueError: more than one sequence, hidden tokens, nothing to read or to write: one sentence.
            TypeError: an argument that is not taken, with what to do instead.
        """
        from .generate import generate

        return generate(
            self,
            input_ids,
            past_key_values=past_key_values,
            attention_mask=attention_mask,
            max_new_tokens=max_new_tokens,
            max_length=max_length,
            do_sample=do_sample,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            eos_token_id=eos_token_id,
            streamer=streamer,
            stopping_criteria=stopping_criteria,
            logits_processor=logits_processor,
            others=others,
        )

    def forward(
        self, input_ids: Tensor, past_key_values: Cache | None = None, logits_to_keep: int = 0
    ) -> CausalLMOutput:
        """Logits of T new tokens, which the cache then holds. Any T >= 1, any number of calls.

        Args:
            input_ids: [1, T] int64.  past_key_values: the conversation so far; None: a new full-attention
            cache.
            logits_to_keep: how many of the last tokens get logits; 0: all.

        Raises ValueError for another shape, or T = 0; the cache is left as it was.
        """
        cache = self.make_cache("full") if past_key_values is None else past_key_values
        hidden = self.read(input_ids, cache)
        return CausalLMOutput(self.logits(hidden[-logits_to_keep:])[None], cache)
