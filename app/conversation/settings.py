"""The settings of one chat, checked when they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from app.conversation.decoding import make, text
from app.conversation.errors import SettingsError
from app.sentences import Sentence

if TYPE_CHECKING:
    from ahn_core import SamplingSettings

MemoryKind = Literal["full", "window", "ahn"]
_SHAPES_READING = ("memory", "attention_sinks", "sliding_window", "system_prompt")
MEMORY_KINDS: tuple[MemoryKind, ...] = get_args(MemoryKind)
DEFAULT_REPETITION_PENALTY = 1.15
LARGEST_SEED = 2**63 - 1  # what torch takes
_SAMPLING = {
    "temperature": Sentence("temperature"),
    "top_p": Sentence("top-p"),
    "top_k": Sentence("top-k"),
    "min_p": Sentence("min-p"),
    "repetition_penalty": Sentence("repetition penalty"),
}
DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant. Answer briefly, from the documents you are given."


def _default_sampling() -> SamplingSettings:
    from ahn_core import SamplingSettings  # pulls in torch, which the start of the app does without

    # Without the penalty a small model's likeliest next token soon repeats a sentence without end.
    return SamplingSettings(repetition_penalty=DEFAULT_REPETITION_PENALTY)


def sampling_settings(**values: Any) -> SamplingSettings:
    """SamplingSettings of these values. Raises SettingsError where one is out of its range."""
    from ahn_core import SamplingError, SamplingSettings

    try:
        return SamplingSettings(**values)
    except SamplingError as error:
        name = _SAMPLING.get(error.name, error.name)
        if error.high is None:
            raise SettingsError(
                Sentence(
                    "The setting “{name}” is {value}, below {low}, so no token could be chosen; choose "
                    "{low} or more.",
                    name=name,
                    value=error.value,
                    low=error.low,
                )
            ) from error
        raise SettingsError(
            Sentence(
                "The setting “{name}” is {value}, outside {low} … {high}, where no sensible answer comes; "
                "choose a value inside.",
                name=name,
                value=error.value,
                low=error.low,
                high=error.high,
            )
        ) from error


@dataclass(frozen=True)
class ChatSettings:
    """How a chat remembers and answers.

    `memory`, `attention_sinks`, `sliding_window` and `system_prompt` shape what is read: changing one of them means
    that the documents are read anew (see `ChatSettings.same_reading`). `sampling` and `max_new_tokens` take effect
    with the next answer, and so do `recall`: whether passages of the documents are looked up for a question, `stop`:
    strings that end an answer before they show, and `top_logprobs`: how many of the likeliest tokens are told with
    each one (None: nothing is). An empty `system_prompt` sends no system message; a chat template may then put its
    own.

    Raises SettingsError where a value is out of range.
    """

    memory: MemoryKind = "ahn"
    attention_sinks: int = 64
    sliding_window: int = 960
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    sampling: SamplingSettings = field(default_factory=_default_sampling)
    max_new_tokens: int = 512
    recall: bool = True
    stop: tuple[str, ...] = ()
    top_logprobs: int | None = None

    def __post_init__(self) -> None:
        if self.memory not in MEMORY_KINDS:
            raise SettingsError(
                Sentence(
                    "The memory {memory} is not known, so nothing can be read with it; "
                    "choose one of {known}.",
                    memory=repr(self.memory),
                    known=", ".join(MEMORY_KINDS),
                )
            )
        if not isinstance(self.recall, bool):
            raise SettingsError(
                Sentence(
                    "The setting “look up in the text” is {recall}, neither on nor off, so no question can "
                    "be asked with it; change it in Settings.",
                    recall=repr(self.recall),
                )
            )
        _at_least(Sentence("attention sinks"), self.attention_sinks, 0)
        _at_least(Sentence("sliding window"), self.sliding_window, 1)
        _at_least(Sentence("longest answer"), self.max_new_tokens, 1)
        _at_least(Sentence("top-k"), self.sampling.top_k, 0)
        seed = self.sampling.seed
        if seed is not None and not (
            isinstance(seed, int) and not isinstance(seed, bool) and -LARGEST_SEED <= seed <= LARGEST_SEED
        ):
            raise SettingsError(
                Sentence(
                    "The seed is {seed}, not a whole number within ±{largest:,}, so nothing can be drawn "
                    "with it; choose one of those, or leave it out.",
                    seed=repr(seed),
                    largest=LARGEST_SEED,
                )
            )
        if not isinstance(self.stop, tuple) or not all(isinstance(one, str) for one in self.stop):
            raise SettingsError(
                Sentence(
                    "What is to end an answer is {stop} and not texts; give a list of texts.",
                    stop=repr(self.stop),
                )
            )
        if self.top_logprobs is not None:
            _at_least(Sentence("likeliest tokens told"), self.top_logprobs, 0)

    def check_fits(self, max_positions: int) -> None:
        """Raise SettingsError where sinks and window together exceed the length the model was trained for."""
        total = self.attention_sinks + self.sliding_window
        if self.memory != "full" and total > max_positions:
            raise SettingsError(
                Sentence(
                    "{sinks:,} attention sinks and a sliding window of {window:,} make "
                    "{total:,} tokens, over the {limit:,} the model was trained for, where its answers turn "
                    "into noise; choose a window of at most {most:,}.",
                    sinks=self.attention_sinks,
                    window=self.sliding_window,
                    total=total,
                    limit=max_positions,
                    most=max(max_positions - self.attention_sinks, 1),
                )
            )

    def fitted(self, max_positions: int) -> ChatSettings:
        """These settings, or, where a model of another length is chosen now, with a window that fits it."""
        try:
            self.check_fits(max_positions)
        except SettingsError:
            sinks = min(self.attention_sinks, max_positions // 2)
            return replace(self, attention_sinks=sinks, sliding_window=max_positions - sinks)
        return self

    def same_reading(self, other: ChatSettings) -> bool:
        """True where a document read with these settings need not be read again for `other`."""
        if self.memory != other.memory or self.system_prompt != other.system_prompt:
            return False
        if self.memory == "full":
            return True
        return (self.attention_sinks, self.sliding_window) == (other.attention_sinks, other.sliding_window)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values that `from_json` takes back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ChatSettings:
        """The settings that `to_json` wrote, of this version or another.

        What only shapes the next answer takes its default where it is missing; what shaped the reading must be there.
        Raises ValueError.
        """
        from ahn_core import SamplingSettings

        missing = [name for name in _SHAPES_READING if name not in values]
        if missing:
            raise ValueError(Sentence("the settings have no {entries}", entries=", ".join(missing)))
        text(values["system_prompt"], "system_prompt")
        stop = values.get("stop", ())
        return make(
            cls,
            values,
            sampling=make(SamplingSettings, {**asdict(_default_sampling()), **_mapping(values)}),
            stop=tuple(stop) if isinstance(stop, list | tuple) else stop,
        )


def _mapping(values: dict[str, Any]) -> dict[str, Any]:
    sampling = values.get("sampling", {})
    if not isinstance(sampling, dict):
        raise ValueError(f"sampling is {sampling!r} and not an object")
    return sampling


def _at_least(name: str, value: int, limit: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < limit:
        raise SettingsError(
            Sentence(
                "The setting “{name}” is {value}, not a whole number of {limit} or more, so nothing can be "
                "read or answered with it; choose a whole number from {limit} on.",
                name=name,
                value=value if type(value) in (int, float) else repr(value),
                limit=limit,
            )
        )
