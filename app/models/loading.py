"""A model that a person named: fetched where it lacks, loaded, with its tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ahn_core import zoo
from app.models.downloads import sentence
from app.models.dtypes import chat_dtype, exact_dtype
from app.models.errors import ModelError
from app.models.hub import Hub
from app.models.ready import Ready, make_ready
from app.models.wording import size_words
from app.options import EMBEDDED, ModelOptions
from app.sentences import Sentence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM
    from ahn_core.weights.errors import NoRoomError


class LoadReport(Protocol):
    """How a loader says where it is: one sentence, and a fraction in [0, 1] where it is known."""

    def __call__(self, sentence: str, fraction: float | None = None) -> None: ...


def load(
    model: ModelOptions,
    data_dir: Path,
    report: LoadReport,
    *,
    exact: bool = False,
    compiled_later: bool = False,
) -> tuple[AHNForCausalLM, PreTrainedTokenizerFast]:
    """The model and its tokenizer, in the number format of a chat, or with `exact` as it is, to be measured.

    Takes seconds; the first time, a minute or so. compiled_later: on a CPU begin with plain torch, as somebody compiles
    the C++ behind it.

    Raises zoo.ZooError, ModelError, ahn_core.LoadError, ahn_core.ConfigError: one sentence for the user.
    """
    found = ready(model, data_dir, report)
    report(Sentence("Loading the model"))

    from ahn_core import AHNForCausalLM, load_tokenizer
    from ahn_core.devices import device_named
    from ahn_core.weights.errors import NoRoomError

    device = device_named(model.device)
    try:
        network = AHNForCausalLM.from_pretrained(
            found.base,
            found.ahn,
            gguf_file=found.gguf_file,
            dtype=exact_dtype(str(device), model.dtype)
            if exact
            else chat_dtype(str(device), model.dtype, found.base, found.gguf_file),
            device=device,
            backend="torch" if compiled_later and device.type == "cpu" else None,
        )
    except NoRoomError as error:
        raise ModelError(no_room(error)) from error
    return network, load_tokenizer(found.base, gguf_file=found.gguf_file)


def ready(model: ModelOptions, data_dir: Path, report: LoadReport) -> Ready:
    """What the core is told to load for what a person named, on this computer: fetched where it lacks.

    Raises zoo.ZooError, ModelError: one sentence for the user.
    """
    if model.model == EMBEDDED:
        zoo.embedded_path(data_dir, progress=lambda step: report(*describe(step)))
    return make_ready(
        Hub(), data_dir, model.model, model.ahn, lambda step: report(sentence(step), step.fraction)
    )


def changing_to(title: str) -> str:
    """What every page shows, each in its language, while another model takes the place of the one before."""
    return Sentence("Changing to {model}", model=title)


def why_not_loaded(error: BaseException) -> str:
    """Why a model could not be loaded: the error's own sentence; where it has none, one with its kind."""
    if isinstance(error, zoo.ZooError):
        return Sentence(error.template, **error.values)
    return str(error) or Sentence("The model could not be loaded: {error}.", error=type(error).__name__)


def no_room(error: NoRoomError) -> str:
    """The core's sentence about weights that do not fit, to be said in other languages too."""
    if not error.fitting:
        return Sentence(
            "the weights of {model} take {wanted} in this number format and {device} has {free} free, so "
            "nothing was loaded: choose a smaller model.",
            model=error.model,
            wanted=size_words(error.wanted),
            device=error.device,
            free=size_words(error.free),
        )
    formats: str = ""
    for name, size in error.fitting:
        one = Sentence("{format} ({size})", format=name, size=size_words(size))
        formats = Sentence("{formats} or {one}", formats=formats, one=one) if formats else one
    return Sentence(
        "the weights of {model} take {wanted} in this number format and {device} has {free} free, so "
        "nothing was loaded: as {formats} it would fit.",
        model=error.model,
        wanted=size_words(error.wanted),
        device=error.device,
        free=size_words(error.free),
        formats=formats,
    )


def describe(step: zoo.ZooProgress, model: zoo.EmbeddedModel = zoo.EMBEDDED) -> tuple[str, float | None]:
    """A step of fetching the embedded model as a sentence and a fraction."""
    fraction = step.done / step.total if step.total else None
    if step.stage == "wait":
        return Sentence("Another window is fetching {name}; waiting for it", name=model.name), None
    if step.stage == "download":
        done, total = step.done / 1e6, step.total / 1e6
        told = Sentence(
            "Fetching {name}: {done:.0f} of {total:.0f} MB", name=model.name, done=done, total=total
        )
        return told, fraction
    if step.stage == "check":
        return Sentence("Checking {name}", name=model.name), fraction
    told = Sentence(
        "Converting {name}, once: step {step} of {total}",
        name=model.name,
        step=min(step.done + 1, step.total),
        total=step.total,
    )
    return told, fraction
