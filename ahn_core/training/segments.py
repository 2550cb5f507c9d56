"""One sample read by teacher and student, a segment at a time, and the gradient of each segment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .draws import Draw
from .losses import head_loss, layer_loss
from .settings import Settings

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM
    from ..cache import Cache


class SegmentReader:
    """Reads one sample as teacher and as student, a segment at a time."""

    def __init__(self, model: AHNForCausalLM, drawn: Draw, settings: Settings) -> None:
        self._model, self._settings = model, settings
        sinks, window = drawn.attention_sinks, drawn.sliding_window
        self._teacher: Cache = model.make_cache("full")
        self._student: Cache = model.make_cache("ahn", attention_sinks=sinks, sliding_window=window)
        self._ids, self._labels = drawn.sample.input_ids, drawn.sample.labels
        self._first = sinks + window  # position of the first query that has lost a token

    def learn(self) -> Tensor:
        """Add the next segment's gradient, of the summed loss. Returns [5]: tokens that counted, tokens read, and the
        sums of KL, cross-entropy and layer loss.
        """
        model, s = self._model, self._settings
        start = self._student.get_seq_length()
        ids = self._ids[start : min(start + s.segment, self._ids.numel() - 1)].to(model.device)
        result = torch.zeros(5, dtype=torch.float64, device=model.device)
        if not ids.numel():
            return result
        stop = start + ids.numel()
        targets = self._ids[start + 1 : stop + 1].to(model.device)
        rows = torch.arange(start, stop, device=model.device) >= self._first
        if s.labelled_only:
            rows &= self._labels[start + 1 : stop + 1].to(model.device)
        with _layer_outputs(model, s.layers > 0) as outputs:
            with torch.no_grad():
                teacher = model.read(ids[None], self._teacher)
            theirs = outputs.copy()
            outputs.clear()
            learning = bool(rows.any())
            with torch.set_grad_enabled(learning):
                student = model.read(ids[None], self._student, checkpoint=learning and s.checkpoint_layers)
            ours = outputs.copy()
        self._student.detach()
        count = int(rows.sum())
        result[0], result[1] = count, ids.numel()
        if not learning:
            return result
        head = model.lm_head
        assert isinstance(head, nn.Linear)  # other formats are not trained with
        loss, kl, cross_entropy = head_loss(
            student[rows], teacher[rows], head.weight, targets[rows],
            kl=s.kl, cross_entropy=s.cross_entropy,
        )  # fmt: skip
        if s.layers:
            distance = layer_loss(ours, theirs, rows)
            result[4] = distance.detach()
            loss = loss + s.layers * distance
        divergence = float(kl) / count
        if s.kl_cap and divergence > s.kl_cap:
            loss = loss * (s.kl_cap / divergence)
        loss.backward()
        result[2], result[3] = kl, cross_entropy
        return result


@contextmanager
def _layer_outputs(model: AHNForCausalLM, wanted: bool) -> Iterator[list[Tensor]]:
    """Collects what each layer hands on while the model reads."""
    outputs: list[Tensor] = []
    hooks = []
    if wanted:
        for layer in model.layers:
            hooks.append(layer.register_forward_hook(lambda _m, _i, result: outputs.append(result[0])))
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
