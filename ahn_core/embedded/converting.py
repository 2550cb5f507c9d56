"""The embedded model's GGUF file, once, as a folder in Hugging Face layout: weights by our own reader of GGUF."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from .child import run_child
from .model import EMBEDDED, EmbeddedModel, ProgressCallback, ZooError, ZooProgress, package_root
from .wheel import disk_full

_CONVERT_STEPS: Final = 3


def convert_in_child(gguf_file: Path, folder: Path, model: EmbeddedModel, report: ProgressCallback) -> None:
    """`convert_gguf` in a process of its own: a page stays quick meanwhile, and its memory is freed."""
    code = "import sys; from ahn_core.embedded.converting import convert_gguf; convert_gguf(*sys.argv[1:])"
    root = str(package_root())
    search_path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": search_path, "HF_HUB_OFFLINE": "1"}
    log = gguf_file.with_name("convert.log")

    def count() -> None:
        written = sum((folder / name).exists() for name in ("tokenizer.json", "config.json"))
        report(ZooProgress("convert", written, _CONVERT_STEPS))

    returncode = run_child([sys.executable, "-c", code, str(gguf_file), str(folder)], environment, log, count)
    if returncode == 0:
        report(ZooProgress("convert", _CONVERT_STEPS, _CONVERT_STEPS))
        return
    text = log.read_text(encoding="utf-8", errors="replace")
    if "No space left on device" in text:
        raise disk_full(folder, model, shutil.disk_usage(folder).free)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if returncode < 0:
        raise ZooError(
            "The embedded model could not be converted (the system ended it, most likely for lack of "
            "memory): start again, or name another with --model."
        )
    raise ZooError(
        "The embedded model could not be converted ({reason}): start again, or name another with --model.",
        reason=(lines or ["no reason"])[-1],
    )


def convert_gguf(gguf_file: Path | str, folder: Path | str) -> None:
    """Write a Llama-family GGUF file as `tokenizer.json`, `config.json` and float32 `model.safetensors`.

    Configuration and tokenizer are transformers' reading of the file, the weights are ours, tensor by tensor.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, GenerationConfig

    from ..weights.gguf_model import GGUFModel
    from ..weights.tokenizer import load_tokenizer

    gguf_file, folder = Path(gguf_file), Path(folder)
    tokenizer = load_tokenizer(gguf_file)
    tokenizer.model_max_length = EMBEDDED.max_position_embeddings
    tokenizer.save_pretrained(folder)

    config = AutoConfig.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name, local_files_only=True)
    config.architectures, config.dtype = ["LlamaForCausalLM"], torch.float32
    config.save_pretrained(folder)
    GenerationConfig.from_model_config(config).save_pretrained(folder)

    source = GGUFModel([gguf_file])
    weights = {f"model.{name}": source.rows(name, 0, shape[0]) for name, shape in source.shapes.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
