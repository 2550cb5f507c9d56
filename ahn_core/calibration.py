"""A memory's first parameters in closed form, from what its window loses on a few documents; no gradients.

Training by gradients alone spends most of its steps on finding out what a linear regression knows. With its gates
fixed, a cell's output is linear in `o_proj`, so the best `o_proj` is a least-squares problem, and a layer of it needs
only sums of products over the tokens. Layer by layer, from the first to the last:

1. For each head, that pair of write strength and half-life is taken, among a few, whose state, read by the head's
   queries, explains most of what the layer lacks. (With strengths of a half, the usual start, a delta rule replaces
   what it holds under similar keys within some tokens.)
2. The gates are set to give these values, and the output gate to one, at the layer's mean hidden state.
3. `o_proj` of all heads together is solved for: what the layer is to add is what brings the student's residual stream,
   with all that its lower layers got wrong, to the teacher's. Errors so do not add up from layer to layer.

Both streams of all documents are kept, not the caches: 2 * tokens * hidden * 4 bytes. The same idea, a layer-wise
regression on the student's own inputs, is what GPTQ (arXiv 2210.17323) does for quantised weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from .cells import DeltaNet, GatedDeltaNet, Mamba2, MemoryCell
from .layer_cache import LayerCache, Projected
from .reading import Call, Layout
from .training import TrainingError

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM, DecoderLayer

STRENGTHS = (0.5, 0.15, 0.05, 0.015)  # write strengths beta to choose from
HALF_LIVES = (64.0, 512.0, 4_096.0, 32_768.0)  # tokens
RIDGES = (
    10.0,
    3.0,
    1.0,
    0.3,
    0.1,
    0.03,
    0.01,
)  # penalties on o_proj, largest first, in mean squared features
_HELD_BACK = 4  # every fourth document chooses, the others fit
_CHOSEN_BY = 4  # documents are enough to choose the gates by
_ITERATIONS = 40  # of conjugate gradients


@dataclass(frozen=True)
class Document:
    """Token ids [T] int64 and the memory it is read with: S sinks and a window of W, S + W < T."""

    input_ids: Tensor
    attention_sinks: int
    sliding_window: int


@dataclass(frozen=True)
class LayerReport:
    """What came out for a layer: the share of what its attention lacks that the memory explains on the documents held
    back, and the write strength and half-life (in tokens; None without decay) of each head.
    """

    layer: int
    explained: float
    ridge: float
    heads: tuple[tuple[float, float | None], ...]


class _Stream:
    """One document's way through the layers, as teacher (full attention) and as student (sinks, window, memory)."""

    def __init__(self, model: AHNForCausalLM, document: Document) -> None:
        self.sinks, self.window = document.attention_sinks, document.sliding_window
        length = document.input_ids.numel()
        self.first = self.sinks + self.window  # position of the first query that has lost a token
        self.teacher = self.student = model.embed_tokens(document.input_ids.to(model.device))  # [T, hidden]
        positions = model.ahn_config.sink_positions
        self.full = Layout(None, self.window, positions)
        self.local = Layout(self.sinks, self.window, positions)
        place = (model.rotary, model.device, model.dtype)
        self.full_call, self.local_call = (
            layout.plan(0, length, *place) for layout in (self.full, self.local)
        )


@dataclass
class _Sums:
    """Normal equations of a layer: G = sum of f f^T [HD, HD], C = sum of f r^T [HD, hidden], r = what is lacking."""

    features: Tensor
    cross: Tensor
    lacking: float = 0.0  # sum of |r|^2
    count: int = 0

    @classmethod
    def zeros(cls, size: int, hidden: int, device: torch.device) -> _Sums:
        return cls(
            torch.zeros(size, size, dtype=torch.float64, device=device),
            torch.zeros(size, hidden, dtype=torch.float64, device=device),
        )

    def add(self, features: Tensor, lacking: Tensor) -> None:
        """features [n, HD], lacking [n, hidden]."""
        self.features += features.mT @ features
        self.cross += features.mT @ lacking
        self.lacking += float(lacking.square().sum())
        self.count += features.shape[0]


@torch.no_grad()
def calibrate(model: AHNForCausalLM, documents: Sequence[Document]) -> Iterator[LayerReport]:
    """Set the memory of `model`, in place, layer by layer; a report after each.

    Raises TrainingError where there are fewer than four documents, or one that does not outlast its window.
    """
    if len(documents) < _HELD_BACK:
        raise TrainingError(
            f"{len(documents)} documents are too few to fit on some and judge on others: give at least {_HELD_BACK}."
        )
    for document in documents:
        if document.input_ids.numel() <= document.attention_sinks + document.sliding_window:
            raise TrainingError(
                f"a document of {document.input_ids.numel():,} tokens fits sinks and window "
                f"({document.attention_sinks + document.sliding_window:,}), so nothing leaves it: take longer ones."
            )
    streams = [_Stream(model, document) for document in documents]
    for index, layer in enumerate(model.layers):
        work = _LayerWork(model, layer, streams)
        heads = work.choose_gates()
        explained, ridge = work.solve()
        work.advance()
        yield LayerReport(index, explained, ridge, heads)
    model.__dict__.pop("identity", None)  # of the memory as it was


class _LayerWork:
    """One layer, with every document's two streams at its input."""

    def __init__(self, model: AHNForCausalLM, layer: DecoderLayer, streams: Sequence[_Stream]) -> None:
        self._model, self._layer, self._streams = model, layer, streams
        self._cell: MemoryCell = layer.ahn
        self._out = layer.self_attn.o_proj.weight.float().mT  # [HD, hidden]
        self._inputs: list[
            tuple[Projected, Tensor]
        ] = []  # the student's projections and normed hidden states
        self._seen: list[Tensor] = []  # the student's stream with the window's output added, [T, hidden]
        self._lacking: list[Tensor] = []  # [n, hidden]
        for stream in streams:
            self._read(stream)

    def _attend(self, call: Call, layout: Layout, new: Projected, hidden: Tensor) -> Tensor:
        config, like = self._model.config, self._model.embed_tokens.weight
        cache = LayerCache(layout, config.num_key_value_heads, config.head_dim, None, like, rope=True)
        attended, _ = cache.attend(call, new, None, hidden)
        return self._layer.self_attn.o_proj(attended)

    def _read(self, stream: _Stream) -> None:
        attention, norm = self._layer.self_attn, self._layer.input_layernorm
        theirs = norm(stream.teacher)
        new = attention.project(theirs, stream.full_call.rotation)
        wanted = stream.teacher + self._attend(stream.full_call, stream.full, new, theirs)
        stream.teacher = self._after(wanted)
        ours = norm(stream.student)
        new = attention.project(ours, stream.local_call.rotation)
        seen = stream.student + self._attend(stream.local_call, stream.local, new, ours)
        self._inputs.append((new, ours))
        self._seen.append(seen)
        self._lacking.append((wanted - seen)[stream.first :].float())

    def _after(self, x: Tensor) -> Tensor:
        return x + self._layer.mlp(self._layer.post_attention_layernorm(x))

    def _evicted(self, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Queries [H, n, D] of the readers, keys and values [Hkv, n, D] and hidden states [n, hidden] of the tokens
        they lose, and hidden states of the readers.
        """
        stream, (new, hidden) = self._streams[number], self._inputs[number]
        rope = self._model.ahn_config.memory_rope
        q, k = (new.q, new.k) if rope else (new.raw_q, new.raw_k)
        gone = slice(stream.sinks, hidden.shape[0] - stream.window)
        return (
            q[:, :, stream.first :].flatten(0, 1),
            k[:, gone],
            new.v[:, gone],
            hidden[gone],
            hidden[stream.first :],
        )

    # ------------------------------------------------------------------ gates

    def choose_gates(self) -> tuple[tuple[float, float | None], ...]:
        """For each head the candidate that explains most, and set the cell's gates to it."""
        cell, device = self._cell, self._model.device
        candidates = _candidates(cell)
        size, hidden = cell.size, self._out.shape[1]
        heads = self._out.unflatten(0, (cell.heads, size))  # [H, D, hidden]
        gains = []
        for candidate in candidates:
            features = torch.zeros(cell.heads, size, size, dtype=torch.float64, device=device)
            cross = torch.zeros(cell.heads, size, hidden, dtype=torch.float64, device=device)
            for number in range(min(_CHOSEN_BY, len(self._streams))):
                f = self._normed_read(number, *candidate)  # [H, n, D]
                features += f.mT @ f
                cross += f.mT @ self._lacking[number]
            gains.append(_explained_alone(features, cross, heads))
        best = torch.stack(gains).argmax(0).tolist()  # [H]
        chosen = tuple(candidates[index] for index in best)
        mean = torch.cat([hidden for _, hidden in self._inputs]).float().mean(0)
        _set_gates(cell, chosen, mean)
        return chosen

    def _normed_read(self, number: int, strength: float, half_life: float | None) -> Tensor:
        """What each head reads, [H, n, D], of unit mean square, when everything is written with the same gates."""
        cell = self._cell
        q, k, v, _, readers = self._evicted(number)
        count = k.shape[1]
        gates = torch.full((count, cell.gate_count, cell.heads), strength, device=q.device)
        if half_life is not None:
            gates[:, 0] = -math.log(2) / half_life
        o, _ = cell.absorb(q, k, v, gates, cell.new_state(q.device))
        return o * torch.rsqrt(o.square().mean(-1, keepdim=True) + 1e-5)

    # ------------------------------------------------------------------ the output map

    def solve(self) -> tuple[float, float]:
        """Set o_proj; the share explained on the documents held back, and the ridge that was best there."""
        cell = self._cell
        size, hidden = cell.heads * cell.size, self._out.shape[1]
        fit, held_back = (_Sums.zeros(size, hidden, self._model.device) for _ in range(2))
        for number in range(len(self._streams)):
            sums = held_back if number % _HELD_BACK == _HELD_BACK - 1 else fit
            sums.add(self._features(number).transpose(0, 1).flatten(1), self._lacking[number])
        out = self._out.double()
        best: tuple[float, float, Tensor] | None = None
        for ridge in RIDGES:
            maps = _least_squares(fit, out, cell.heads, ridge * float(fit.features.diagonal().mean()))
            explained = _explained(held_back, out, maps)
            if best is not None and explained <= best[0]:
                break  # smaller ridges only fit the documents at hand more closely
            best = (explained, ridge, maps)
        assert best is not None
        # A layer whose regression does not carry over to other documents adds nothing.
        maps = best[2] if best[0] > 0 else torch.zeros_like(best[2])
        cell.o_proj.weight.copy_(maps)
        return best[0], best[1]

    def _features(self, number: int) -> Tensor:
        """What o_proj is given, [H, n, D]."""
        cell = self._cell
        q, k, v, gone, readers = self._evicted(number)
        o, _ = cell.absorb(q, k, v, cell.write_gates(gone), cell.new_state(q.device))
        return cell.gated_norm(o, readers)

    def advance(self) -> None:
        """Take the student's streams through the layer, the memory included."""
        for number, stream in enumerate(self._streams):
            memory = self._cell.o_proj(self._features(number).to(self._model.dtype))  # [H, n, D]
            seen = self._seen[number]
            seen[stream.first :] += memory.transpose(0, 1).flatten(1) @ self._out.to(seen.dtype)
            stream.student = self._after(seen)


# ---------------------------------------------------------------------- gates


def _candidates(cell: MemoryCell) -> list[tuple[float, float | None]]:
    """(write strength, half-life) to choose from. Mamba2's write strength is tied to its decay and only scales."""
    if isinstance(cell, Mamba2):
        return [(math.log(2) / half_life, half_life) for half_life in HALF_LIVES]
    if not cell.has_decay:
        return [(strength, None) for strength in STRENGTHS]
    return [(strength, half_life) for strength in STRENGTHS for half_life in HALF_LIVES]


def _set_gates(cell: MemoryCell, chosen: Sequence[tuple[float, float | None]], mean: Tensor) -> None:
    """Gates that have these values at the mean hidden state [hidden] and vary a little around it."""
    along = mean / mean.dot(mean)  # along . mean = 1
    device = mean.device
    if isinstance(cell, Mamba2):
        cell.dt_proj.weight.zero_()
        cell.dt_proj.bias.zero_()
        cell.g_proj.weight.zero_()
        cell.g_proj.bias.fill_(1.0)
    else:
        delta = cast(DeltaNet, cell)
        strengths = torch.tensor([strength for strength, _ in chosen], device=device)
        delta.b_proj.weight.copy_(torch.outer(torch.logit(strengths), along))
        delta.g_proj.weight.copy_(along.expand_as(delta.g_proj.weight))
    if isinstance(cell, GatedDeltaNet):
        cell.a_proj.weight.zero_()
    if cell.has_decay:
        cell.set_half_lives(torch.tensor([cast(float, half_life) for _, half_life in chosen], device=device))


# ---------------------------------------------------------------------- least squares


def _explained_alone(features: Tensor, cross: Tensor, heads: Tensor) -> Tensor:
    """What the best map of each head alone takes off the squared error, [H]; the rank of the head's own output is all
    it can reach. features [H, D, D], cross [H, D, hidden], heads [H, D, hidden].
    """
    size = features.shape[-1]
    ridge = 0.01 * features.diagonal(dim1=1, dim2=2).mean(-1)[:, None, None]
    solved = torch.linalg.solve(features + ridge * torch.eye(size, device=features.device), cross)
    # Into the space the head's rows of o_proj span.
    basis = torch.linalg.qr(heads.double().mT).Q  # [H, hidden, D]
    return ((cross @ basis) * (solved @ basis)).sum((1, 2))


def _least_squares(sums: _Sums, out: Tensor, heads: int, ridge: float) -> Tensor:
    """W [H, D, D] that minimises sum |f blockdiag(W) out - r|^2 + ridge |blockdiag(W) out|^2.

    Conjugate gradients, preconditioned by the exact solution of each head alone.
    """
    size = sums.features.shape[0] // heads
    regular = sums.features + ridge * torch.eye(sums.features.shape[0], device=out.device)
    gram = out @ out.mT  # [HD, HD]
    gram = gram + 1e-6 * gram.diagonal().mean() * torch.eye(gram.shape[0], device=out.device)
    own, own_gram = _blocks(regular, heads), _blocks(gram, heads)  # [H, D, D]
    left, right = torch.linalg.cholesky(own), torch.linalg.cholesky(own_gram)

    def apply(w: Tensor) -> Tensor:
        return _blocks(regular @ torch.block_diag(*w) @ gram, heads)

    def precondition(w: Tensor) -> Tensor:
        return torch.cholesky_solve(torch.cholesky_solve(w, left).mT, right).mT

    w = torch.zeros(heads, size, size, dtype=torch.float64, device=out.device)
    residual = _blocks(sums.cross @ out.mT, heads)
    direction = z = precondition(residual)
    product = (residual * z).sum()
    begun = float(product)
    for _ in range(_ITERATIONS):
        if float(product) <= 1e-8 * begun:
            break
        applied = apply(direction)
        step = product / (direction * applied).sum()
        w, residual = w + step * direction, residual - step * applied
        z = precondition(residual)
        product, before = (residual * z).sum(), product
        direction = z + product / before * direction
    return w


def _explained(sums: _Sums, out: Tensor, maps: Tensor) -> float:
    """1 - squared error / squared length of what is lacking."""
    added = torch.block_diag(*maps) @ out  # [HD, hidden]
    return float((2 * (added * sums.cross).sum() - (added * (sums.features @ added)).sum()) / sums.lacking)


def _blocks(x: Tensor, heads: int) -> Tensor:
    """[HD, HD] -> its diagonal blocks, [H, D, D]."""
    size = x.shape[0] // heads
    return torch.stack([x[h * size : (h + 1) * size, h * size : (h + 1) * size] for h in range(heads)])
