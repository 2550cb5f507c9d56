"""The base's own tokenizer, from a folder or a GGUF file. Remote code never runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import LoadError, one_line
from .files import locate
from .gguf_header import read_header

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")


def load_tokenizer(base: str | os.PathLike[str], *, gguf_file: str | None = None) -> PreTrainedTokenizerFast:
    """The base's own tokenizer with its chat template. Remote code never runs.

    Raises LoadError where there is none, or it cannot be read.
    """
    from transformers import AutoTokenizer

    folder, parts = locate(base, gguf_file)
    # Without this, transformers makes an empty tokenizer from the config alone.
    if not parts and not any((folder / name).is_file() for name in _FILES):
        raise LoadError(
            f"{folder} has no tokenizer ({', '.join(_FILES)}), so text cannot be fed to the "
            "model: add its files."
        )
    extra = {"gguf_file": parts[0].name} if parts else {}
    source = parts[0] if parts else folder
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, **extra
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise LoadError(
            f"{source} has no tokenizer that can be read ({one_line(error)}), so text cannot be fed to "
            "the model."
        ) from error
    if parts:
        mend_split(tokenizer, parts[0])
    return tokenizer


def mend_split(tokenizer: PreTrainedTokenizerFast, gguf_file: Path) -> None:
    """Cut text as the GGUF file says it, where transformers leaves that out.

    `tokenizer.ggml.pre = smollm` means: each digit by itself, then GPT-2's split. transformers does not know that kind
    and leaves the digits out, so "\\n\\n1" would become tokens the model never saw.
    """
    from tokenizers import pre_tokenizers

    if read_header(gguf_file).metadata.get("tokenizer.ggml.pre") == "smollm":
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
