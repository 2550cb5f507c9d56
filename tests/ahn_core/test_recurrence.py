"""The chunk-parallel forms against the plain loops: outputs, final states and gradients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ahn_core import recurrence

HEADS, KEY, VALUE = 3, 8, 5
PAIRS = {
    "delta rule": (recurrence.delta_rule_loop, recurrence.delta_rule_chunked),
    "additive rule": (recurrence.additive_rule_loop, recurrence.additive_rule_chunked),
}
Form = Callable[[Tensor, Tensor, Tensor, Tensor | None, Tensor, Tensor], tuple[Tensor, Tensor]]


def inputs(
    length: int, *, decay: bool, state: bool, device: torch.device | None = None
) -> list[Tensor | None]:
    generator = torch.Generator().manual_seed(length)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device)

    q, k = (torch.nn.functional.normalize(random(HEADS, length, KEY), dim=-1) for _ in range(2))
    return [
        q,
        k,
        random(HEADS, length, VALUE),
        -random(HEADS, length).exp() * 0.2 if decay else None,
        random(HEADS, length).sigmoid(),
        random(HEADS, KEY, VALUE) if state else torch.zeros(HEADS, KEY, VALUE, device=device),
    ]


def with_gradients(form: Form, arguments: list[Tensor | None]) -> list[Tensor]:
    leaves = [None if x is None else x.clone().requires_grad_() for x in arguments]
    o, state = form(*leaves)
    weights = torch.linspace(-1, 1, o.numel(), device=o.device).view_as(o)
    (o * weights).sum().add(state.square().sum()).backward()
    return [o.detach(), state.detach(), *(x.grad for x in leaves if x is not None)]


@pytest.mark.parametrize("rule", PAIRS)
@pytest.mark.parametrize("length", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("decay", [True, False], ids=["decay", "no decay"])
@pytest.mark.parametrize("state", [True, False], ids=["state", "zero state"])
def test_chunked_equals_loop(rule: str, length: int, decay: bool, state: bool, device: torch.device) -> None:
    loop, chunked = PAIRS[rule]
    arguments = inputs(length, decay=decay, state=state, device=device)
    for expected, found in zip(
        with_gradients(loop, arguments), with_gradients(chunked, arguments), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("rule", PAIRS)
@pytest.mark.parametrize("decay", [True, False], ids=["decay", "no decay"])
def test_step_equals_loop(rule: str, decay: bool, device: torch.device) -> None:
    step = {"delta rule": recurrence.delta_rule_step, "additive rule": recurrence.additive_rule_step}[rule]
    arguments = inputs(1, decay=decay, state=True, device=device)
    loop, _ = PAIRS[rule]
    for expected, found in zip(with_gradients(loop, arguments), with_gradients(step, arguments), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rule", PAIRS)
def test_strong_decay_stays_finite(rule: str, device: torch.device) -> None:
    """exp(G_i - G_j) for j > i would overflow if it were not masked before the exponential."""
    arguments = inputs(130, decay=True, state=True, device=device)
    arguments[3] = torch.full((HEADS, 130), -20.0, device=device)
    loop, chunked = PAIRS[rule]
    for expected, found in zip(
        with_gradients(loop, arguments), with_gradients(chunked, arguments), strict=True
    ):
        assert found.isfinite().all()
        torch.testing.assert_close(found, expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("rule", PAIRS)
def test_two_pieces_equal_one(rule: str, device: torch.device) -> None:
    _, chunked = PAIRS[rule]
    q, k, v, g, beta, state = inputs(150, decay=True, state=True, device=device)
    whole, final = chunked(q, k, v, g, beta, state)
    first, middle = chunked(q[:, :70], k[:, :70], v[:, :70], g[:, :70], beta[:, :70], state)
    second, end = chunked(q[:, 70:], k[:, 70:], v[:, 70:], g[:, 70:], beta[:, 70:], middle)
    torch.testing.assert_close(torch.cat((first, second), dim=1), whole, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(end, final, rtol=1e-5, atol=1e-5)


def test_a_key_written_twice_is_replaced() -> None:
    """What tells the delta rule from the additive one: with beta 1 the second value of a key replaces the
    first.
    """
    k = torch.zeros(1, 2, KEY)
    k[..., 0] = 1.0
    v = torch.tensor([[[1.0] * VALUE, [5.0] * VALUE]])
    beta, state = torch.ones(1, 2), torch.zeros(1, KEY, VALUE)
    delta, _ = recurrence.delta_rule_chunked(k, k, v, None, beta, state)
    added, _ = recurrence.additive_rule_chunked(k, k, v, None, beta, state)
    assert delta[0, 1].tolist() == [5.0] * VALUE
    assert added[0, 1].tolist() == [6.0] * VALUE
