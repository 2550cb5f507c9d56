"""What a person chose on the command line, checked, as one frozen value."""

from __future__ import annotations

import argparse
import ipaddress
import math
import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path

EMBEDDED = "embedded"  # the model that comes with the app
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7860
DEFAULT_UPLOAD_MB = 200
LANGUAGES = ("en", "de", "zh")  # of the page; a test holds them to those it speaks
DEFAULT_API_CONVERSATIONS = 4
DEFAULT_API_MEMORY_MB = 2048
DEFAULT_API_DOCUMENTS = 64
API_KEY_VARIABLE = "AHN_CHAT_API_KEY"
SHORTEST_API_KEY = 8
_DEVICES = ("cpu", "cuda", "mps", "xpu")  # the kinds that a model can be loaded onto
DTYPES = ("int8", "int4", "mixed", "float32", "bfloat16", "float16")


class OptionError(ValueError):
    """An option that cannot be used; the message is one sentence for the user."""


class CommandFailed(RuntimeError):
    """The command could not do what it was asked; the message is one sentence for the user."""


@dataclass(frozen=True)
class ModelOptions:
    """Which weights to load, and where. `device` None: the first GPU, else the CPU. `dtype` None: what fits it."""

    model: str = EMBEDDED
    ahn: str | None = None
    device: str | None = None
    dtype: str | None = None


@dataclass(frozen=True)
class ApiChoice:
    """How the OpenAI protocol is served. key "": one that is kept in the data folder.

    Raises OptionError for a number out of range, or a key that is too short or no word.
    """

    key: str = field(default="", repr=False)
    conversations: int = DEFAULT_API_CONVERSATIONS
    memory_mb: int = DEFAULT_API_MEMORY_MB
    documents: int = DEFAULT_API_DOCUMENTS

    def __post_init__(self) -> None:
        least = {"--api-conversations": (self.conversations, 1), "--api-memory-mb": (self.memory_mb, 1)}
        for flag, (value, limit) in {**least, "--api-documents": (self.documents, 0)}.items():
            if value < limit:
                raise OptionError(
                    f"{flag} is {value}, below {limit}, so nothing could be answered; give more."
                )
        if self.key and (
            len(self.key) < SHORTEST_API_KEY
            or not self.key.isascii()
            or not self.key.isprintable()
            or " " in self.key
        ):
            raise OptionError(
                f"The key of the API has to be {SHORTEST_API_KEY} or more letters, digits and signs without blanks, so "
                "that nobody guesses it; leave it out, and one is made."
            )


@dataclass(frozen=True)
class Options:
    """How to run the page. `port` is the first one to try: the page takes the next free one.

    Raises OptionError: a host beyond this machine without `auth`, or a number out of range.
    """

    data_dir: Path
    model: ModelOptions = ModelOptions()
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    open_browser: bool = True
    offline: bool = False
    max_upload_mb: int = DEFAULT_UPLOAD_MB
    auth: tuple[str, str] | None = None  # user, password
    certificate: tuple[str, str] | None = None  # files of a TLS certificate and of its key
    language: str | None = None  # of the page; None: the browser's
    api: ApiChoice | None = None

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and self.auth is None:
            raise OptionError(
                f"The host {self.host} can be reached from other machines, so it needs a login: "
                "add --auth user:password, or leave --host out."
            )
        if self.certificate is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self.certificate)
            except OSError as error:  # a file that is missing, or no certificate with its key
                raise OptionError(
                    f"The page cannot be served over https with {' and '.join(self.certificate)} "
                    f"({error.strerror or error}): give a certificate and its key, both as PEM."
                ) from error
        if not 0 <= self.port <= 65535:
            raise OptionError(
                f"The port {self.port} is not one of 0 to 65535: choose one of those with --port."
            )
        if self.max_upload_mb < 1:
            raise OptionError(
                f"An upload limit of {self.max_upload_mb} MB lets no file in: give --max-upload-mb at least 1."
            )

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 2**20


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`: "localhost" or an address of the loopback range."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:  # any other name may resolve to any address
        return False


def parse_certificate(certfile: str | None, keyfile: str | None) -> tuple[str, str] | None:
    """The two files, or None where neither is given. Raises OptionError where one is missing."""
    if certfile is None and keyfile is None:
        return None
    if certfile is None or keyfile is None:
        raise OptionError("A certificate needs its key: give both --ssl-certfile and --ssl-keyfile.")
    return certfile, keyfile


def parse_auth(text: str) -> tuple[str, str]:
    """ "user:password" as a pair; the password may contain colons. Raises OptionError."""
    user, _, password = text.partition(":")
    if not user or not password:
        raise OptionError("A login needs both parts, as in --auth user:password.")
    return user, password


def add_api_arguments(parser: argparse.ArgumentParser, *, optional: bool) -> None:
    """The flags of the API. optional: with one that switches it on."""
    api = parser.add_argument_group("API")
    if optional:
        api.add_argument(
            "--api",
            action="store_true",
            help="also serve the OpenAI protocol under /v1, with a key (docs/api.md)",
        )
    api.add_argument(
        "--api-key",
        metavar="KEY",
        help=f"the key clients have to send (default: {API_KEY_VARIABLE}, or one kept in the data folder)",
    )
    api.add_argument(
        "--api-conversations",
        type=whole_number,
        default=DEFAULT_API_CONVERSATIONS,
        metavar="N",
        help="conversations kept open and answered at a time (default %(default)s)",
    )
    api.add_argument(
        "--api-memory-mb",
        type=whole_number,
        default=DEFAULT_API_MEMORY_MB,
        metavar="N",
        help="what the caches of resting conversations may take, in megabytes (default %(default)s)",
    )
    api.add_argument(
        "--api-documents",
        type=whole_number,
        default=DEFAULT_API_DOCUMENTS,
        metavar="N",
        help="documents out of messages kept in the library (default %(default)s)",
    )


def api_choice(arguments: argparse.Namespace) -> ApiChoice:
    """What those flags were set to. Raises OptionError."""
    key = arguments.api_key if arguments.api_key is not None else os.environ.get(API_KEY_VARIABLE, "")
    return ApiChoice(key, arguments.api_conversations, arguments.api_memory_mb, arguments.api_documents)


def apply_to_environment(data_dir: Path, offline: bool) -> None:
    """Tell this process and its children; has to come before torch, transformers or huggingface_hub is imported."""
    # OpenMP's threads otherwise spin for long while they wait for each other, and with a browser on the same cores most
    # of the time goes into spinning; not to spin at all costs 50 us an operation (figures: docs/experiments/speed.md).
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    os.environ["AHN_CHAT_HOME"] = os.environ["AHN_HOME"] = str(
        data_dir
    )  # AHN_HOME: where the core keeps models
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if offline:
        for name in ("AHN_CHAT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            os.environ[name] = "1"


def whole_number(text: str) -> int:
    """A flag's whole number, for argparse, which shows the sentence."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number, so nothing was begun; give one, such as 4096"
        ) from error


def token_count(text: str) -> int | None:
    """ "128000", "128,000" or "128k" (131,072) as tokens; None where it is no number above 0."""
    words = text.strip().lower().replace(",", "")
    number, factor = (words[:-1], 1024) if words.endswith("k") else (words, 1)
    return int(number) * factor or None if number.isdecimal() else None


def device_name(text: str) -> str:
    """The name of a device, for argparse; whether it is here shows when a model is loaded onto it."""
    if re.fullmatch(r"[a-z]+(:[0-9]+)?", text) is None or text.partition(":")[0] not in _DEVICES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no device, so nothing was begun; give cpu, cuda, cuda:1 or mps"
        )
    return text


def decimal_number(text: str) -> float:
    """A flag's number, for argparse, which shows the sentence."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number, so nothing was begun; give one, such as 0.7"
        ) from error
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number, so nothing was begun; give one")
    return value


def add_window_arguments(
    group: argparse._ActionsContainer,
    sinks: str = "what suits the model",
    window: str = "what suits the model",
) -> None:
    """--sinks and --window; `sinks` and `window` say what is taken where they are not given."""
    for flag, kept, default in (("--sinks", "first", sinks), ("--window", "last", window)):
        group.add_argument(
            flag, type=whole_number, metavar="N", help=f"{kept} tokens kept (default: {default})"
        )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that the page and `ask` share."""
    model = parser.add_argument_group("model")
    model.add_argument(
        "--model",
        default=EMBEDDED,
        metavar="BASE",
        help="base model: 'embedded' (default), a folder, a .gguf file or a Hugging Face id",
    )
    model.add_argument(
        "--ahn",
        metavar="CHECKPOINT",
        help="AHN checkpoint: a folder, a Hugging Face id, or for the embedded model GatedDeltaNet (default), DeltaNet "
        "or Mamba2",
    )
    model.add_argument(
        "--device",
        type=device_name,
        metavar="NAME",
        help="cpu, cuda, cuda:1, mps, … (default: a GPU if there is one)",
    )
    model.add_argument(
        "--dtype",
        choices=DTYPES,
        help="number format of the weights (default: bfloat16 on a GPU, or to chat int4 where only that fits; on a CPU "
        "float32 to train and evaluate, and to chat int8, or int4 with a GGUF file of fewer bits)",
    )
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data-dir",
        metavar="FOLDER",
        help="folder for models, documents and chats (default: AHN_CHAT_HOME, or the system's place for user data)",
    )
    data.add_argument(
        "--offline", action="store_true", help="never use the network; what is missing is an error"
    )


def model_options(arguments: argparse.Namespace) -> ModelOptions:
    """What those flags were set to."""
    return ModelOptions(arguments.model, arguments.ahn, arguments.device, arguments.dtype)
