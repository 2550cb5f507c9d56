"""The trainer: its losses against plain autograd, one code path with inference, and runs that can be taken up again."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ahn_core import AHNForCausalLM
from ahn_core.training import Settings, TrainingError, losses
from ahn_core.training.corpus import Corpus, CorpusError, Sample, prepare
from ahn_core.training.draws import Draw, draw
from ahn_core.training.losses import head_loss, layer_loss
from ahn_core.training.segments import SegmentReader
from ahn_core.training.trainer import Distiller
from ahn_core.weights.safetensors_folder import SafetensorsFolder
from tests.ahn_core.training import two_processes
from tests.tiny import VOCABULARY, byte_tokenizer, tiny_model

ROOT = Path(__file__).parents[3]
SETTINGS = Settings(
    steps=6, segment=96, lengths=(160, 192), windows=(32, 48), sinks=(4, 8), learning_rate=1e-2
)
WORDS = ("mill", "river", "burned", "grange", "miller", "coast", "water", "wheel", "stone")


def random_text(words: int) -> str:
    rng = random.Random(7)
    return " ".join(rng.choice(WORDS) for _ in range(words))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "words.txt").write_text(random_text(600), encoding="utf-8")
    return prepare([folder / "words.txt"], byte_tokenizer(), folder / "prepared", shortest=100)


def fixed(length: int = 193, sinks: int = 4, window: int = 28) -> Draw:
    ids = torch.randint(0, VOCABULARY, (length,), generator=torch.Generator().manual_seed(5))
    labels = torch.arange(length) % 3 == 0
    return Draw(Sample("fixed", ids, labels), sinks, window)


def learnable(model: AHNForCausalLM) -> dict[str, torch.nn.Parameter]:
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".ahn." in name)
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def gradients(model: AHNForCausalLM, settings: Settings, drawn: Draw) -> tuple[dict[str, Tensor], Tensor]:
    """Gradients and sums of a whole sample."""
    parameters = learnable(model)
    model.zero_grad()
    reader = SegmentReader(model, drawn, settings)
    totals = torch.zeros(5, dtype=torch.float64, device=model.device)
    for _ in range(0, drawn.sample.input_ids.numel() - 1, settings.segment):
        totals += reader.learn()
    return {name: p.grad.clone() for name, p in parameters.items() if p.grad is not None}, totals


# ---- losses


@pytest.mark.parametrize("rows", [3, 7, 256])
@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (0.5, 2.0)])
def test_the_head_loss_is_that_of_plain_autograd(
    rows: int, weights: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "LOSS_ROWS", rows)
    generator = torch.Generator().manual_seed(1)
    student, teacher = torch.randn(2, 14, 8, generator=generator).unbind()
    head, targets = torch.randn(31, 8, generator=generator), torch.randint(0, 31, (14,), generator=generator)
    student.requires_grad_()
    loss, kl, cross_entropy = head_loss(
        student, teacher, head, targets, kl=weights[0], cross_entropy=weights[1]
    )
    (3 * loss).backward()

    plain = student.detach().clone().requires_grad_()
    log_s, log_t = (student_or_teacher @ head.T for student_or_teacher in (plain, teacher))
    expected_kl = F.kl_div(log_s.log_softmax(-1), log_t.log_softmax(-1), log_target=True, reduction="sum")
    expected_ce = F.cross_entropy(log_s, targets, reduction="sum")
    (3 * (weights[0] * expected_kl + weights[1] * expected_ce)).backward()
    torch.testing.assert_close(kl.float(), expected_kl.detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(cross_entropy.float(), expected_ce.detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(student.grad, plain.grad, rtol=1e-4, atol=1e-5)


def test_the_layer_loss_is_relative_and_only_of_the_chosen_tokens() -> None:
    teacher = [torch.full((4, 2), 2.0), torch.full((4, 2), 4.0)]
    student = [teacher[0] + 1.0, teacher[1].clone()]
    rows = torch.tensor([True, False, False, True])
    assert layer_loss(student, teacher, rows) == pytest.approx(2 * (2 / 8) / 2)


def test_a_segment_learns_what_plain_autograd_over_the_public_model_would(device: torch.device) -> None:
    model, drawn = tiny_model(device=device), fixed()
    whole = drawn.sample.input_ids.to(device)
    ids, targets, first = whole[None, :-1], whole[1:], 32
    got, totals = gradients(model, replace(SETTINGS, segment=192), drawn)
    model.zero_grad()
    with torch.no_grad():
        teacher = model(ids).logits[0, first:]
    student = model(ids, model.make_cache("ahn", attention_sinks=4, sliding_window=28)).logits[0, first:]
    kl = F.kl_div(student.log_softmax(-1), teacher.log_softmax(-1), log_target=True, reduction="sum")
    cross_entropy = F.cross_entropy(student, targets[first:], reduction="sum")
    kl.backward()
    for name, parameter in learnable(model).items():
        torch.testing.assert_close(got[name], parameter.grad, rtol=1e-3, atol=1e-4, msg=name)
    assert totals[:2].tolist() == [192 - first, 192]
    torch.testing.assert_close(
        totals[2:4].float(), torch.stack((kl, cross_entropy)).detach(), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("layers", [0.0, 1.0])
def test_computing_layers_again_changes_no_gradient(device: torch.device, layers: float) -> None:
    settings = replace(SETTINGS, segment=64, layers=layers)
    plain, totals = gradients(tiny_model(device=device), settings, fixed())
    again, same = gradients(tiny_model(device=device), replace(settings, checkpoint_layers=True), fixed())
    assert plain.keys() == again.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(again[name], gradient, rtol=1e-5, atol=1e-6, msg=name)
    torch.testing.assert_close(same, totals)
    assert (totals[4] > 0) == bool(layers)


@pytest.mark.parametrize("segment", [17, 64, 100])
def test_a_sample_in_segments_is_read_as_in_one(device: torch.device, segment: int) -> None:
    _, whole = gradients(tiny_model(device=device), replace(SETTINGS, segment=192), fixed())
    _, parts = gradients(tiny_model(device=device), replace(SETTINGS, segment=segment), fixed())
    torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-4)


def test_a_segment_far_off_counts_as_one_at_the_cap(device: torch.device) -> None:
    model = tiny_model(device=device)
    drawn = fixed()
    whole, totals = gradients(model, replace(SETTINGS, segment=192), drawn)
    divergence = float(totals[2] / totals[0])
    for cap, weight in ((divergence / 4, 0.25), (divergence * 4, 1.0), (0.0, 1.0)):
        capped, same = gradients(model, replace(SETTINGS, segment=192, kl_cap=cap), drawn)
        torch.testing.assert_close(same, totals)  # the figures are of the text as it is
        for name, gradient in whole.items():
            torch.testing.assert_close(capped[name], weight * gradient, rtol=1e-4, atol=1e-7)


def test_only_tokens_that_lost_something_count_and_of_these_if_wanted_the_labelled(
    device: torch.device,
) -> None:
    drawn = fixed()
    _, totals = gradients(tiny_model(device=device), replace(SETTINGS, labelled_only=True), drawn)
    assert totals[0] == int(drawn.sample.labels[33:].sum())  # targets of positions 32 … 191


# ---- steps


def test_only_the_memory_learns(device: torch.device, corpus: Corpus) -> None:
    model = tiny_model(trained=False, device=device)
    before = copy.deepcopy(model.state_dict())
    reports = [report for batch in Distiller(model, corpus, SETTINGS).rounds() for report in batch]
    assert [report.step for report in reports] == [1, 2, 3, 4, 5, 6]
    for name, tensor in model.state_dict().items():
        assert (".ahn." in name) != torch.equal(tensor, before[name]) or name.endswith("A_log"), name


@pytest.mark.parametrize("natural_rate", [0.0, 1e-2])
def test_learning_brings_the_student_nearer_to_the_teacher(corpus: Corpus, natural_rate: float) -> None:
    model = tiny_model(trained=False)
    settings = replace(
        SETTINGS, steps=40, lengths=(161,), segment=160, windows=(32,), sinks=(4,), natural_rate=natural_rate
    )
    held = Draw(corpus.draw(random.Random("held"), 193), 4, 28)
    before = gradients(model, SETTINGS, held)[1]
    for _ in Distiller(model, corpus, settings).rounds():
        pass
    after = gradients(model, SETTINGS, held)[1]
    assert after[2] < 0.9 * before[2]


def test_the_rate_rises_and_falls() -> None:
    settings = replace(SETTINGS, steps=100, learning_rate=1.0)
    rate = Distiller.learning_rate
    stand_in = type("Stand", (), {"settings": settings})()
    rates = [rate(stand_in, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == 1.0 and max(rates) == 1.0
    assert rates[55] == pytest.approx(0.5, abs=0.01) and rates[99] < 1e-3


def test_draws_follow_the_seed_and_keep_to_their_limits(corpus: Corpus) -> None:
    settings = replace(SETTINGS, lengths=(64, 160), windows=(8, 32, 100), sinks=(0, 4, 16))
    for round_ in range(50):
        drawn = draw(corpus, settings, round_, 0)
        size, length = drawn.attention_sinks + drawn.sliding_window, len(drawn.sample.input_ids)
        assert size < length and drawn.attention_sinks <= size // 2
        again, sibling = draw(corpus, settings, round_, 0), draw(corpus, settings, round_, 1)
        assert again.sample.input_ids.equal(drawn.sample.input_ids)
        assert sibling.attention_sinks + sibling.sliding_window == size
    other = draw(corpus, replace(settings, seed=1), 3, 0)
    assert not other.sample.input_ids.equal(draw(corpus, settings, 3, 0).sample.input_ids)


def test_in_bfloat16_small_steps_add_up(device: torch.device, corpus: Corpus) -> None:
    model = tiny_model(device=device).to(torch.bfloat16)
    settings = replace(
        SETTINGS, steps=60, learning_rate=1e-4, warm_up=0.0, lengths=(97,), windows=(32,), clip=100.0
    )
    weight = model.layers[0].ahn.o_proj.weight
    before = weight.clone()
    for _ in Distiller(model, corpus, settings).rounds():
        pass
    assert weight.dtype == torch.bfloat16
    # 1e-4 is below half a bfloat16 step of a weight of 0.5 (2e-3): rounding every step would leave all as they were.
    large = before.abs() > 0.25
    assert (weight[large] != before[large]).float().mean() > 0.1


def test_the_gates_may_learn_at_another_rate(corpus: Corpus) -> None:
    distiller = Distiller(tiny_model(), corpus, replace(SETTINGS, projection_rate=0.25))
    rates = {name.rpartition("ahn.")[2]: distiller._rate_of(name) for name in distiller._parameters}
    assert {name for name, rate in rates.items() if rate == 0.25} == {
        "a_proj.weight",
        "b_proj.weight",
        "g_proj.weight",
    }
    next(distiller.rounds())
    slow, fast = (
        (distiller.model.layers[0].ahn.get_parameter(name) - tiny_model().layers[0].ahn.get_parameter(name))
        .abs()
        .max()
        for name in ("b_proj.weight", "o_proj.weight")
    )
    assert 0 < slow < 0.5 * fast


def test_a_gradient_that_is_not_finite_spoils_nothing(corpus: Corpus) -> None:
    model = tiny_model()
    distiller = Distiller(model, corpus, SETTINGS)
    before = copy.deepcopy(model.state_dict())
    model.lm_head.weight.data[0, 0] = float("nan")
    with pytest.raises(TrainingError, match="gradient of step 1 is not finite"):
        next(distiller.rounds())
    memory = {name: tensor for name, tensor in model.state_dict().items() if ".ahn." in name}
    assert all(torch.equal(tensor, before[name]) for name, tensor in memory.items())


def test_data_without_a_token_to_learn_ends_with_a_sentence(tmp_path: Path) -> None:
    chat = {"document": random_text(60), "messages": [{"role": "user", "content": "?"}], "answers": ["A"]}
    (tmp_path / "chats.jsonl").write_text(json.dumps(chat), encoding="utf-8")
    corpus = prepare([tmp_path / "chats.jsonl"], byte_tokenizer(), tmp_path / "corpus", shortest=100)
    settings = replace(SETTINGS, labelled_only=True, lengths=(33,), windows=(32,))
    with pytest.raises(TrainingError, match="no token counted"):
        for _ in Distiller(tiny_model(), corpus, settings).rounds():
            pass


# ---- several processes

RATES = (0.0, 1e-3)  # of natural-gradient steps


def test_two_processes_learn_as_one(corpus: Corpus, tmp_path: Path) -> None:
    # Without --multi_gpu accelerate starts one process, whatever the number; the program itself asks for the CPU.
    launch = (
        "-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --main_process_port 0"
    )
    launch += " --mixed_precision no --dynamo_backend no"
    done = subprocess.run(
        [
            *[sys.executable, *launch.split(), two_processes.__file__],
            *[str(corpus.folder), str(tmp_path / "many"), *map(str, RATES)],
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    many = torch.load(tmp_path / "many", weights_only=True)
    for rate in RATES:
        one = two_processes.learn(corpus.folder, rate)
        found = many[str(rate)]
        assert (one["processes"], found["processes"]) == (1, 2)
        torch.testing.assert_close(found["figures"], one["figures"])
        for name, tensor in one["memory"].items():
            torch.testing.assert_close(found["memory"][name], tensor, rtol=1e-4, atol=1e-6, msg=name)


# ---- checkpoints


def trained(
    corpus: Corpus,
    rounds: int,
    resume: Path | None = None,
    save: Path | None = None,
    natural_rate: float = 0.0,
) -> Distiller:
    settings = replace(SETTINGS, steps=8, natural_rate=natural_rate)
    distiller = Distiller(tiny_model(trained=False), corpus, settings)
    if resume is not None:
        distiller.load(resume)
    for _, _ in zip(range(rounds), distiller.rounds(), strict=False):
        pass
    if save is not None:
        distiller.save(save)
    return distiller


@pytest.mark.parametrize("natural_rate", [0.0, 1e-3])
def test_a_run_goes_on_as_if_it_had_never_stopped(
    corpus: Corpus, tmp_path: Path, natural_rate: float
) -> None:
    whole = trained(corpus, 4, natural_rate=natural_rate)
    trained(corpus, 2, save=tmp_path / "checkpoint", natural_rate=natural_rate)
    parts = trained(corpus, 2, resume=tmp_path / "checkpoint", natural_rate=natural_rate)
    assert (parts.step, parts.round, parts.tokens_read) == (whole.step, whole.round, whole.tokens_read)
    for (name, ours), theirs in zip(
        parts.model.state_dict().items(), whole.model.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name


def test_another_run_may_begin_from_the_memory_in_a_checkpoint(corpus: Corpus, tmp_path: Path) -> None:
    distiller = trained(corpus, 1, save=tmp_path / "checkpoint")
    found = SafetensorsFolder(tmp_path / "checkpoint").shapes
    memory = {name for name in distiller.model.state_dict() if ".ahn." in name}
    assert {name.replace(".ahn.fn.", ".ahn.") for name in found} >= memory
    assert not any("exp_avg" in name for name in found)


def test_an_interrupted_save_leaves_the_old_checkpoint(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distiller = trained(corpus, 1, save=tmp_path / "checkpoint")
    step = distiller.step

    def fail(folder: object, **_: object) -> None:
        raise OSError("No space left on device")

    next(distiller.rounds())
    monkeypatch.setattr(distiller.model, "save_ahn", fail)
    with pytest.raises(OSError, match="No space"):
        distiller.save(tmp_path / "checkpoint")
    fresh = Distiller(tiny_model(trained=False), corpus, replace(SETTINGS, steps=8))
    fresh.load(tmp_path / "checkpoint")
    assert fresh.step == step


def test_a_checkpoint_of_something_else_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    trained(corpus, 1, save=tmp_path / "checkpoint")
    other = Distiller(tiny_model(), corpus, replace(SETTINGS, steps=8, seed=3, kl=0.5))
    with pytest.raises(TrainingError, match="trained with another seed, kl"):
        other.load(tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="no checkpoint that can be resumed"):
        other.load(tmp_path)
    cell = Distiller(tiny_model("Mamba2"), corpus, replace(SETTINGS, steps=8))
    with pytest.raises(TrainingError, match="another model or memory cell"):
        cell.load(tmp_path / "checkpoint")


def test_the_trained_memory_is_saved_in_the_published_layout(corpus: Corpus, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    distiller = trained(corpus, 1)
    distiller.note_training(base="tiny")
    assert distiller.model.memory_trained
    distiller.model.save_ahn(tmp_path, dtype=torch.bfloat16)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config["ahn_training"]["windows"] == [32, 48] and config["ahn_training"]["base"] == "tiny"
    tensors = load_file(tmp_path / "model.safetensors")
    assert tensors["model.layers.0.ahn.fn.o_proj.weight"].dtype == torch.bfloat16
    assert tensors["model.layers.0.ahn.fn.A_log"].dtype == torch.float32


# ---- refusals


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"natural_rate": -1.0}, "natural_rate is -1.0"),
        ({"kl_cap": -1.0}, "kl_cap is -1.0"),
        ({"kl": 0.0}, "the losses weigh nothing"),
        ({"kl": -1.0}, "the losses weigh nothing"),
        ({"lengths": (32, 64)}, "fit the smallest window"),
        ({"sinks": (17,)}, "more than half of the smallest window"),
    ],
)
def test_settings_that_teach_nothing_are_refused(
    corpus: Corpus, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(TrainingError, match=sentence):
        Distiller(tiny_model(), corpus, replace(SETTINGS, **change))  # type: ignore[arg-type]


def test_a_corpus_that_does_not_fit_is_refused(corpus: Corpus) -> None:
    with pytest.raises(TrainingError, match="prepared for another model"):
        Distiller(tiny_model(vocab_size=100), corpus, SETTINGS)
    with pytest.raises(CorpusError, match="every document fits the smallest window"):
        Distiller(tiny_model(), corpus, replace(SETTINGS, windows=(5000,), lengths=(6000,)))
