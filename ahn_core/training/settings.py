"""How to train a memory: its settings, apart from the trainer so that they can be shown without torch."""

from __future__ import annotations

from dataclasses import dataclass


class TrainingError(ValueError):
    """Training that cannot begin or go on; the message is one sentence for the user."""


@dataclass(frozen=True)
class Settings:
    """How to train. Lengths in tokens; see `check` for what is refused.

    `windows` are the sizes S + W to draw from, `sinks` those of S; a draw keeps S <= (S + W) / 2 and S + W < length.
    `lengths` are the sample lengths to draw from. `kl`, `cross_entropy` and `layers` weigh the losses: divergence from
    the teacher, next-token loss, and the relative squared distance of each layer's output from the teacher's.
    `natural_rate`, where it is not 0, is the highest rate of natural-gradient steps (natural_gradient.py), by which the
    output maps and gates are then trained instead of by AdamW; it follows the same schedule.
    `kl_cap`, where it is not 0, is the mean divergence up to which a segment counts in full; one above it is weighed
    down to count as much, so that a table of numbers, say, does not outweigh a batch of prose.
    `projection_rate` scales the rate of the gates' projections, whose fan-in is larger than that of o_proj.
    """

    steps: int = 700
    batch: int = 1
    segment: int = 2048
    lengths: tuple[int, ...] = (2048, 4096)
    windows: tuple[int, ...] = (128, 256, 512)
    sinks: tuple[int, ...] = (4, 16, 64)
    learning_rate: float = 2e-3
    projection_rate: float = 1.0
    natural_rate: float = 0.0
    warm_up: float = 0.1
    weight_decay: float = 0.1
    clip: float = 1.0
    seed: int = 0
    kl: float = 1.0
    kl_cap: float = 0.0
    cross_entropy: float = 0.0
    layers: float = 0.0
    labelled_only: bool = False
    checkpoint_layers: bool = False

    def check(self) -> None:
        """Raises TrainingError for a value no training can use."""
        for name in ("steps", "batch", "segment", "learning_rate", "clip"):
            if getattr(self, name) <= 0:
                raise TrainingError(
                    f"{name} is {getattr(self, name)}, so nothing would be learnt: give more than 0."
                )
        if self.natural_rate < 0:
            raise TrainingError(
                f"natural_rate is {self.natural_rate}, so the loss would rise: give 0 to train by AdamW alone, or more."
            )
        if self.kl_cap < 0:
            raise TrainingError(
                f"kl_cap is {self.kl_cap}, so nothing would count: give 0 to count every segment in full, or more."
            )
        if (
            self.kl < 0
            or self.cross_entropy < 0
            or self.layers < 0
            or not (self.kl + self.cross_entropy + self.layers)
        ):
            raise TrainingError(
                "the losses weigh nothing, so nothing would be learnt: give at least one above 0."
            )
        if min(self.windows) >= min(self.lengths):
            raise TrainingError(
                f"samples of {min(self.lengths):,} tokens fit the smallest window, {min(self.windows):,}, so nothing "
                "would leave it: train on longer samples or with a smaller window."
            )
        if min(self.sinks) > min(self.windows) // 2:
            raise TrainingError(
                f"{min(self.sinks):,} sinks are more than half of the smallest window, {min(self.windows):,}: give "
                "fewer sinks or larger windows."
            )
