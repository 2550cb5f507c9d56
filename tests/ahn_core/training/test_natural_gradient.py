"""The natural gradient against its definition, written out with Kronecker products."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ahn_core.cells import HeadwiseLinear
from ahn_core.training.natural_gradient import LinearCurvature, NaturalGradient, linear_maps

TOKENS = 50


def headwise() -> tuple[HeadwiseLinear, Tensor]:
    module = HeadwiseLinear(3, 4)
    nn.init.normal_(module.weight)
    return module, torch.randn(3, TOKENS, 4) * torch.tensor([0.1, 1.0, 3.0, 0.5])


def plain() -> tuple[nn.Linear, Tensor]:
    return nn.Linear(5, 2, bias=False), torch.randn(TOKENS, 5)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(3)


def learn(module: nn.Module, x: Tensor) -> Tensor:
    """Sum a loss over tokens and take its gradient; returns the slopes at the outputs."""
    slopes: list[Tensor] = []
    y = module(x)
    y.register_hook(slopes.append)
    (y.square().sum() + y.sin().sum()).backward()
    return slopes[0].detach()


def damped(rows: Tensor, damping: float) -> Tensor:
    moments = rows.T @ rows / len(rows)
    return moments + damping * moments.trace() / len(moments) * torch.eye(len(moments))


@pytest.mark.parametrize("make", [headwise, plain])
def test_a_gradient_is_turned_by_the_inverse_of_the_kronecker_product(make) -> None:
    module, x = make()
    curvature = LinearCurvature(module)
    slopes = learn(module, x)
    curvature.absorb()
    gradient = module.weight.grad / TOKENS
    turned = curvature.turn(gradient)
    assert turned.shape == gradient.shape
    heads = (
        [(x, slopes, gradient.T, turned.T)] if x.dim() == 2 else zip(x, slopes, gradient, turned, strict=True)
    )
    for inputs, outputs, of_head, found in heads:
        curved = torch.kron(damped(inputs, 0.3), damped(outputs, 0.05))
        expected = torch.linalg.solve(curved, of_head.reshape(-1)).view_as(of_head)
        if x.dim() == 3:  # an output map, which moves faster along the unit matrix
            unit = torch.eye(4).reshape(-1)
            plain_curved = torch.kron(inputs.T @ inputs, outputs.T @ outputs) / TOKENS**2
            along = (unit @ of_head.reshape(-1)) / (unit @ plain_curved @ unit)
            expected = expected + 40.0 * along * torch.eye(4)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_moments_are_means_over_tokens_that_fall_from_step_to_step() -> None:
    module, x = plain()
    curvature = LinearCurvature(module)
    for factor in (1.0, 2.0):
        learn(module, factor * x)
        curvature.absorb()
    expected = (0.9 + 4.0) / 1.9 * x.T @ x / TOKENS
    torch.testing.assert_close((curvature.sums["inputs"] / curvature.sums["tokens"])[0], expected)


def test_reading_without_gradients_is_not_collected() -> None:
    module, x = plain()
    curvature = LinearCurvature(module)
    with torch.no_grad():
        module(x)
    assert not curvature.added["tokens"]


def stepper() -> tuple[NaturalGradient, dict[str, Tensor], dict[str, Tensor | None]]:
    model = nn.ModuleDict({"o_proj": headwise()[0], "other": plain()[0], "idle": nn.Linear(4, 4, bias=False)})
    maps = linear_maps(dict(model.named_modules()), ("o_proj", "idle"))
    assert set(maps) == {"o_proj.weight", "idle.weight"}
    masters = {name: p.detach().clone() for name, p in model.named_parameters()}
    natural = NaturalGradient(maps, masters)
    learn(model["o_proj"], headwise()[1])
    gradients = {name: None if p.grad is None else p.grad / TOKENS for name, p in model.named_parameters()}
    return natural, masters, gradients


def test_a_step_is_the_turned_gradient_and_touches_nothing_else() -> None:
    natural, masters, gradients = stepper()
    before = {name: master.clone() for name, master in masters.items()}
    natural.step(gradients, 0.01, most=1e9)
    (moved,) = (name for name in masters if not torch.equal(masters[name], before[name]))
    assert moved == "o_proj.weight"
    expected = natural._curvature[moved].turn(gradients[moved])
    torch.testing.assert_close((before[moved] - masters[moved]) / 0.01, expected, rtol=1e-3, atol=1e-4)


def test_a_step_promises_no_more_than_there_is_to_gain() -> None:
    natural, masters, gradients = stepper()
    before = masters["o_proj.weight"].clone()
    natural.step(gradients, 100.0, most=0.25)
    promised = (gradients["o_proj.weight"] * (before - masters["o_proj.weight"])).sum()
    assert float(promised) == pytest.approx(0.25, rel=1e-3)


def test_a_head_without_slopes_stays_where_it_is() -> None:
    module, x = headwise()
    curvature = LinearCurvature(module)
    y = module(x)
    y[1:].sum().backward()  # the first head's output is not used
    curvature.absorb()
    turned = curvature.turn(module.weight.grad)
    assert turned.isfinite().all()
    assert not turned[0].any()
    assert turned[1:].any()
