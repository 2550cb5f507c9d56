"""Self-distillation: teach the memory what full attention would have said (arXiv 2510.07318).

Teacher and student are one frozen model with two caches: `full` for the teacher, `ahn` for the student. The loss is
KL(teacher || student) over the tokens whose query has lost something from the window; only the memory's tensors learn.

A sample is read in segments, as a document is: the teacher's keys and the student's window and state go on from
segment to segment, so the student meets states that have lived long, while gradients end at the segment's border.
Every segment of a batch of samples is one optimizer step.

Memory for a sample of L tokens, in bytes, b = bytes an element, V = vocabulary, I = MLP size, with gradient
checkpointing (`Settings.checkpoint_layers`): weights b * parameters; the teacher's cache L * layers * 2 * Hkv * D * b;
one residual stream a layer L * hidden * b * layers; one layer's recomputed activations about
L * (2 * I + 4 * hidden + 6 * H * D) * b * 2; logits `LOSS_ROWS` * V * 4 * 4. For Qwen2.5-7B (28 layers, hidden 3,584, I
18,944, V 152,064, 4 KV heads of 128) in bfloat16 and L = 24,576: 15.2 + 1.4 + 4.9 + 7.2 + 0.6 GB = 29 GB, and 0.3 GB
for 21 M memory parameters with their moments: it fits one 80 GB GPU, on paper.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from . import checkpoints
from .corpus import Corpus, CorpusError
from .draws import Draw, draw
from .natural_gradient import NaturalGradient, linear_maps
from .segments import SegmentReader
from .settings import Settings, TrainingError

if TYPE_CHECKING:
    from accelerate import Accelerator

    from ..backbone import AHNForCausalLM

_MOST_IDLE_ROUNDS = 200  # samples without one token to learn from, before training gives up
_NATURAL = (".ahn.o_proj", ".ahn.g_proj")  # maps that may be trained by the natural gradient
_LETTING_GO = 1.0  # seconds; it takes milliseconds on a machine with nothing else to do


@dataclass(frozen=True)
class StepReport:
    """Figures of one optimizer step; the losses are means over the `tokens` that counted, in nats."""

    step: int
    tokens: int
    tokens_read: int
    kl: float
    cross_entropy: float
    layers: float
    gradient_norm: float
    learning_rate: float
    window: int
    sinks: int
    length: int
    document: str


class Distiller:
    """Trains the memory of `model` in place; `steps()` yields a report after each optimizer step."""

    def __init__(
        self,
        model: AHNForCausalLM,
        corpus: Corpus,
        settings: Settings,
        accelerator: Accelerator | None = None,
    ) -> None:
        """`accelerator` spreads the samples of a batch over its processes; None trains in this one.

        Raises TrainingError for settings or a corpus the model cannot use.
        """
        settings.check()
        if model.precision in ("int8", "int4"):
            raise TrainingError(
                f"the model's weights are in {model.precision[3:]} bits, so the memory would learn to imitate their "
                "rounding: load it in float32 or bfloat16."
            )
        if corpus.vocabulary > model.config.vocab_size:
            raise TrainingError(
                f"the corpus has {corpus.vocabulary:,} kinds of tokens and the model {model.config.vocab_size:,}, so "
                "it was prepared for another model: prepare it with this model's tokenizer."
            )
        if all(document.length <= min(settings.windows) for document in corpus.documents):
            raise CorpusError(
                "every document fits the smallest window, so nothing would leave it: add longer ones."
            )
        self.model, self.corpus, self.settings = model, corpus, settings
        self._accelerator = accelerator
        self.step = 0  # optimizer steps taken
        self.round = 0  # batches of samples finished
        self.tokens_read = 0
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(".ahn." in name)
        self._parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        # The optimizer works in float32 whatever the model's dtype: a step of 1e-4 is lost in bfloat16.
        self._masters = {name: p.detach().float().clone() for name, p in self._parameters.items()}
        natural = _NATURAL if settings.natural_rate else ()
        self._natural = NaturalGradient(linear_maps(dict(model.named_modules()), natural), self._masters)
        self._stepped = {name: m for name, m in self._masters.items() if name not in self._natural}
        groups = [
            {"params": [m], "rate": self._rate_of(name), "weight_decay": self._decay_of(name, m)}
            for name, m in self._stepped.items()
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.95))

    def _rate_of(self, name: str) -> float:
        """Factor of the learning rate."""
        gates = name.endswith("_proj.weight") and ".o_proj." not in name
        return self.settings.projection_rate if gates else 1.0

    def _decay_of(self, name: str, parameter: Tensor) -> float:
        return self.settings.weight_decay if parameter.dim() > 1 else 0.0

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then half a cosine down to zero at the last step."""
        s = self.settings
        warm = max(1, round(s.warm_up * s.steps))
        if step < warm:
            return s.learning_rate * (step + 1) / warm
        return s.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, s.steps - warm)))

    @property
    def finished(self) -> bool:
        return self.step >= self.settings.steps

    @property
    def _processes(self) -> tuple[int, int]:
        """This process's number, and how many there are."""
        a = self._accelerator
        return (0, 1) if a is None else (a.process_index, a.num_processes)

    def rounds(self) -> Iterator[list[StepReport]]:
        """Train to the end, a batch of samples at a time; a checkpoint may be saved between them."""
        idle = 0
        while not self.finished:
            reports = list(self._round())
            self.round += 1  # before anybody may save
            idle = 0 if reports else idle + 1
            if idle == _MOST_IDLE_ROUNDS:
                raise TrainingError(
                    f"in {idle} samples on end no token counted, so nothing is learnt: take longer documents, smaller "
                    "windows, or learn from more than the labelled tokens."
                )
            yield reports

    def _round(self) -> Iterator[StepReport]:
        """One batch of samples, segment by segment, each segment one step."""
        rank, world = self._processes
        draws = [
            draw(self.corpus, self.settings, self.round, i) for i in range(rank, self.settings.batch, world)
        ]
        readers = [SegmentReader(self.model, d, self.settings) for d in draws]
        longest = max(draw(self.corpus, self.settings, self.round, i).sample.input_ids.numel() - 1
                      for i in range(self.settings.batch))  # fmt: skip
        for _segment in range(0, longest, self.settings.segment):
            if self.finished:
                return
            totals = torch.zeros(5, dtype=torch.float64, device=self.model.device)
            for reader in readers:
                totals += reader.learn()
            if report := self._update(totals, draws[0] if draws else None):
                yield report

    def _update(self, totals: Tensor, shown: Draw | None) -> StepReport | None:
        """One optimizer step from the gradients of all processes. None where no token counted: no step is taken."""
        totals = self._add_up(totals)
        count, read, kl, cross_entropy, layers = totals.tolist()
        self.tokens_read += int(read)
        if not count:
            return None
        rate, weights = self.learning_rate(self.step), self.settings
        gradients = self._take_gradients(count)
        norm = nn.utils.get_total_norm([g for g in gradients.values() if g is not None])
        loss = weights.kl * kl + weights.cross_entropy * cross_entropy + weights.layers * layers
        self._apply(gradients, rate, loss / count)
        self.step += 1
        return StepReport(
            step=self.step,
            tokens=int(count),
            tokens_read=self.tokens_read,
            kl=kl / count,
            cross_entropy=cross_entropy / count,
            layers=layers / count,
            gradient_norm=float(norm),
            learning_rate=rate,
            window=0 if shown is None else shown.attention_sinks + shown.sliding_window,
            sinks=0 if shown is None else shown.attention_sinks,
            length=0 if shown is None else shown.sample.input_ids.numel(),
            document="" if shown is None else shown.sample.document,
        )

    def _add_up(self, totals: Tensor) -> Tensor:
        """Sum over the processes, of these numbers and of the gradients and moments each of them has."""
        if self._accelerator is None or self._accelerator.num_processes == 1:
            return totals
        for parameter in self._parameters.values():
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = self._accelerator.reduce(gradient, reduction="sum")
        for owner, key in self._natural.new_moments():
            owner[key] = self._accelerator.reduce(owner[key], reduction="sum")
        return self._accelerator.reduce(totals, reduction="sum")

    def _take_gradients(self, count: float) -> dict[str, Tensor | None]:
        """The mean gradients of `count` tokens in float32, taken away from the parameters."""
        gradients = {
            name: None if p.grad is None else p.grad.float() / count for name, p in self._parameters.items()
        }
        for parameter in self._parameters.values():
            parameter.grad = None
        if not all(bool(torch.isfinite(g).all()) for g in gradients.values() if g is not None):
            raise TrainingError(
                f"the gradient of step {self.step + 1} is not finite, so training stopped before it could spoil the "
                "memory: begin anew from the last checkpoint's memory with a lower learning rate."
            )
        return gradients

    def _apply(self, gradients: dict[str, Tensor | None], rate: float, loss: float) -> None:
        """Step by AdamW and by the natural gradient, in float32, and give the model what comes of it."""
        for name, master in self._masters.items():
            master.grad = gradients[name]
        nn.utils.clip_grad_norm_(list(self._stepped.values()), self.settings.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["rate"]
        self._optimizer.step()
        natural_rate = self.settings.natural_rate * rate / self.settings.learning_rate
        self._natural.step(gradients, natural_rate, most=loss)
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(self._masters[name])
        self.model.__dict__.pop("identity", None)  # of the memory as it was

    # ------------------------------------------------------------------ checkpoints

    def save(self, folder: Path) -> None:
        """Write a checkpoint, whole or not at all: the memory in float32, the moments and the place in the data.

        Between rounds only: a sample is never left half read.
        """
        moments = {}
        for name, master in self._masters.items():
            moments[f"{name}/master"] = master
            for key, value in self._optimizer.state.get(master, {}).items():
                moments[f"{name}/{key}"] = value
        for name, kept in self._natural.moments():
            moments |= {f"{name}/{key}": value for key, value in kept.items()}
        place = checkpoints.Place(self.step, self.round, self.tokens_read, self.settings)
        checkpoints.save(folder, place, moments, self.model.save_ahn)

    def load(self, folder: Path) -> None:
        """Go on from a checkpoint as if there had been no pause.

        Raises TrainingError where there is none, or where it was made with other settings.
        """
        place, moments = checkpoints.load(folder, self.settings, self.model.device)
        if {key.rpartition("/")[0] for key in moments} != set(self._masters):
            raise TrainingError(f"{folder} belongs to another model or memory cell, so it cannot be resumed.")
        self.step, self.round, self.tokens_read = place.step, place.round, place.tokens_read
        with torch.no_grad():
            for name, sums in self._natural.moments():
                for key, total in sums.items():
                    total.copy_(moments.pop(f"{name}/{key}"))
            for name, master in self._masters.items():
                master.copy_(moments.pop(f"{name}/master"))
                self._parameters[name].copy_(master)
                kept = {
                    key.rpartition("/")[2]: moments[key] for key in moments if key.rpartition("/")[0] == name
                }
                if kept:
                    # AdamW counts its steps on the CPU.
                    kept["step"] = kept["step"].cpu()
                    self._optimizer.state[master] = kept

    def note_training(self, **more: object) -> None:
        """Write into the memory's config what it was trained with, so that `save_ahn` keeps it."""
        noted = {field.name: getattr(self.settings, field.name) for field in fields(self.settings)}
        noted |= {"steps": self.step, "tokens_read": self.tokens_read, **more}
        plain = json.loads(json.dumps(noted))
        self.model.ahn_config = replace(self.model.ahn_config, training=tuple(sorted(plain.items())))
        self.model.memory_trained = True


def leave_group(accelerator: Accelerator) -> None:
    """End the group of processes, at the end of each: the last thing to be done with it.

    gloo's threads let go of the last sums some time after they have handed them over, and need the interpreter's lock
    for that, also once the group has ended. If the interpreter ends first, the process is aborted, and the launcher
    ends the others, saved or not; so wait, with the lock given away.
    """
    if accelerator.num_processes > 1:
        time.sleep(_LETTING_GO)
    accelerator.end_training()
