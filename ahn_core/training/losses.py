"""The losses of self-distillation: the divergence from the teacher's words, and the distance of the layers' outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LOSS_ROWS = 256  # tokens whose logits exist at a time


class _HeadLoss(torch.autograd.Function):
    """kl * KL(teacher || student) + cross_entropy * CE, summed over rows, without ever holding all logits.

    The gradient with respect to the student's hidden states is computed with the loss, a few rows at a time.
    """

    @staticmethod
    def forward(
        ctx: Any,
        student: Tensor,
        teacher: Tensor,
        head: Tensor,
        targets: Tensor,
        kl: float,
        cross_entropy: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        total_kl, total_ce = (
            student.new_zeros((), dtype=torch.float64),
            student.new_zeros((), dtype=torch.float64),
        )
        gradient = torch.empty_like(student)
        for start in range(0, student.shape[0], LOSS_ROWS):
            rows = slice(start, start + LOSS_ROWS)
            s = F.log_softmax(F.linear(student[rows], head).float(), dim=-1)  # [n, V]
            t = F.log_softmax(F.linear(teacher[rows], head).float(), dim=-1)
            p = t.exp()
            total_kl += (p * t.sub_(s)).sum()
            total_ce += F.nll_loss(s, targets[rows], reduction="sum")
            slope = s.exp_().mul_(kl + cross_entropy).sub_(p.mul_(kl))
            if cross_entropy:
                slope[torch.arange(slope.shape[0], device=slope.device), targets[rows]] -= cross_entropy
            gradient[rows] = slope.to(head.dtype) @ head
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(total_kl, total_ce)
        return (kl * total_kl + cross_entropy * total_ce).float(), total_kl, total_ce

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[0].to(gradient.dtype), None, None, None, None, None


def head_loss(
    student: Tensor,
    teacher: Tensor,
    head: Tensor,
    targets: Tensor,
    *,
    kl: float = 1.0,
    cross_entropy: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Losses of n tokens, summed.

    Args:
        student, teacher: [n, hidden], normed; only the student gets a gradient.  head: [V, hidden], frozen.
        targets: [n] int64, the tokens that follow.

    Returns: the weighted loss (float32, differentiable), and KL and cross-entropy alone (float64).
    """
    return _HeadLoss.apply(student, teacher, head, targets, kl, cross_entropy)


def layer_loss(student: Sequence[Tensor], teacher: Sequence[Tensor], rows: Tensor) -> Tensor:
    """Squared distance of each layer's output from the teacher's, over the teacher's mean square: summed over tokens,
    a mean over layers. Each [T, hidden]; `rows` [T] bool chooses tokens.
    """
    terms = []
    for ours, theirs in zip(student, teacher, strict=True):
        wanted = theirs[rows].float()
        terms.append((ours[rows].float() - wanted).square().sum(-1) / wanted.square().sum(-1))
    return torch.stack(terms).mean(0).sum()
