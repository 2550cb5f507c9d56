"""What cannot be loaded, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class LoadError(ValueError):
    """A model that cannot be loaded; the message is one sentence for the user."""


class NoRoomError(LoadError):
    """The weights alone take more than the device has free.

    model: the name of the model. wanted, free: bytes. device: where. fitting: the number formats in which it would fit,
    each with its bytes.
    """

    def __init__(
        self, model: str, wanted: int, device: str, free: int, fitting: Sequence[tuple[str, int]]
    ) -> None:
        self.model, self.wanted, self.device, self.free, self.fitting = (
            model,
            wanted,
            device,
            free,
            tuple(fitting),
        )
        smaller = " or ".join(f"{name} ({_gigabytes(size)})" for name, size in fitting)
        remedy = f"as {smaller} it would fit" if smaller else "choose a smaller model"
        super().__init__(
            f"the weights of {model} take {_gigabytes(wanted)} in this number format and {device} has "
            f"{_gigabytes(free)} free, so nothing was loaded: {remedy}."
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def check_names_and_shapes(
    expected: Mapping[str, Sequence[int]], found: Mapping[str, Sequence[int]], source: str, what: str
) -> None:
    """Compare shapes by name. Raises LoadError that lists what is missing, unknown or of another size."""
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    wrong = [
        f"{name} is {list(found[name])} instead of {list(shape)}"
        for name, shape in expected.items()
        if name in found and list(found[name]) != list(shape)
    ]
    problems = []
    if missing:
        problems.append(f"lacks {some(missing)}")
    if extra:
        problems.append(f"has unknown {some(extra)}")
    if wrong:
        problems.append(f"has wrong sizes: {some(wrong)}")
    if problems:
        raise LoadError(
            f"{source} does not fit {what}: it {'; it '.join(problems)}; nothing was loaded, so choose "
            "weights made for this model."
        )


def some(names: Sequence[str], most: int = 6) -> str:
    """The first few of a list, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
