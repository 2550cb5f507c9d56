"""Weights from disk or hub into the model: safetensors or GGUF, never pickles, never remote code.

The base's query, key and value projections are joined into one matrix and so are the MLP's gate and up:
fewer, larger products.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import zoo
from .cells import CELLS
from .config import AHNConfig, BackboneConfig, CellName, ConfigError
from .quantization import mix_, quantize_

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerFast

    from .backbone import AHNForCausalLM

_AHN_PREFIX = "model.layers.{}.ahn.fn."
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_HUB_FILES = ("*.safetensors", "*.safetensors.index.json", "*.json", "tokenizer.model", "*.txt", "*.jinja")


class LoadError(ValueError):
    """A model that cannot be loaded; the message is one sentence for the user."""


# ---------------------------------------------------------------------- where the files are


def resolve_folder(source: str | os.PathLike[str], *, files: tuple[str, ...] = _HUB_FILES) -> Path:
    """The local folder of "embedded", a folder, or a hub id (fetched through the hub's own cache).

    Raises:
        LoadError: no such folder, or the hub cannot be reached and has nothing cached.
    """
    if source == "embedded":
        return zoo.embedded_path()
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    looks_local = path.is_absolute() or str(source).startswith((".", "~")) or str(source).count("/") != 1
    if looks_local:
        raise LoadError(
            f"there is no folder {source}, so no model can be read from it: check the path or give a hub "
            "id like 'Qwen/Qwen2.5-3B-Instruct'."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(source), allow_patterns=list(files)))
    except HFValidationError as error:
        raise LoadError(
            f"'{source}' is neither a folder nor a hub id ({error}), so nothing can be loaded: check the "
            "spelling."
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise LoadError(
            f"'{source}' is no local folder and could not be fetched from the hub ({type(error).__name__}), "
            "so there is no model to load: check the name and the network, or download it and give its "
            "folder."
        ) from error


def _locate(base: str | os.PathLike[str], gguf_file: str | None) -> tuple[Path, str | None]:
    """Folder and, if the weights are GGUF, the file's name in it."""
    path = Path(base).expanduser()
    if gguf_file is None and path.suffix.lower() == ".gguf":
        if not path.is_file():
            raise LoadError(f"there is no file {base}, so no model can be read from it: check the path.")
        return path.parent, path.name
    if gguf_file is None:
        return resolve_folder(base), None
    folder = resolve_folder(base, files=(gguf_file, *_HUB_FILES[2:]))
    if not (folder / gguf_file).is_file():
        raise LoadError(
            f"{folder} has no file {gguf_file}, so the model cannot be read: check the name of the GGUF file."
        )
    return folder, gguf_file


# ---------------------------------------------------------------------- public

# Formats that convert some layers of a float32 model.
_CPU_FORMATS: dict[str, Callable[[AHNForCausalLM], None]] = {"int8": quantize_, "mixed": mix_}


def load_model(
    cls: type[AHNForCausalLM],
    base: str | os.PathLike[str],
    ahn: str | os.PathLike[str] | None,
    *,
    cell: CellName | None,
    dtype: torch.dtype | str | None,
    device: torch.device | str | None,
    gguf_file: str | None,
) -> AHNForCausalLM:
    """See `AHNForCausalLM.from_pretrained`."""
    target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    convert = _CPU_FORMATS.get(dtype) if isinstance(dtype, str) else None
    if convert is not None and target.type != "cpu":
        raise LoadError(
            f"weights in {dtype} run on a CPU and not on {target}, so nothing was loaded: choose float32, bfloat16 or "
            "float16 there."
        )
    fitting = torch.float32 if target.type == "cpu" else torch.bfloat16
    precision = fitting if convert is not None else _as_dtype(dtype) or fitting
    folder, gguf = _locate(base, gguf_file)
    hf_config, weights = _read_gguf(folder, gguf) if gguf else _read_safetensors(folder)
    config = BackboneConfig.from_transformers(hf_config)
    ahn_config, ahn_weights = _read_ahn(base, ahn, cell)
    window = {}
    if base == "embedded":
        window = {
            "default_attention_sinks": zoo.EMBEDDED.attention_sinks,
            "default_sliding_window": zoo.EMBEDDED.sliding_window,
        }
    with torch.device("meta"):
        model = cls(config, ahn_config, name=_name(base), memory_trained=ahn_weights is not None, **window)
    state = {name: tensor.to(precision) for name, tensor in _join_projections(weights, config).items()}
    if ahn_weights is None:
        state.update(_untrained_memory(config, ahn_config, precision))
    else:
        state.update(_checked_memory(ahn_weights, model, ahn, precision))
    _load_strictly(model, state, folder)
    if convert is not None:
        convert(model)
    # Kept on the CPU until here: a GPU never holds the split and the joined projections at once.
    return model.to(target).eval().requires_grad_(False)


def load_tokenizer(base: str | os.PathLike[str], *, gguf_file: str | None = None) -> PreTrainedTokenizerFast:
    """The base's own tokenizer with its chat template. Remote code never runs."""
    from transformers import AutoTokenizer

    folder, gguf = _locate(base, gguf_file)
    # Without this, transformers makes an empty tokenizer from the config alone.
    if gguf is None and not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise LoadError(
            f"{folder} has no tokenizer ({', '.join(_TOKENIZER_FILES)}), so text cannot be fed to the "
            "model: add its files."
        )
    extra = {"gguf_file": gguf} if gguf else {}
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **extra)
    except (OSError, ValueError) as error:
        raise LoadError(
            f"{folder} has no tokenizer that can be read ({_one_line(error)}), so text cannot be fed to "
            "the model."
        ) from error


def save_ahn(model: AHNForCausalLM, folder: str | os.PathLike[str], dtype: torch.dtype | None = None) -> None:
    """Write the memory's tensors and config in the published AHN-only layout."""
    from safetensors.torch import save_file

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for index, layer in enumerate(model.layers):
        for name, tensor in layer.ahn.state_dict().items():
            stored = memory_dtype(name, tensor.detach(), dtype or tensor.dtype)
            tensors[_AHN_PREFIX.format(index) + name] = stored.contiguous().cpu()
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    config = {
        "model_type": model.config.model_type,
        "hidden_size": model.config.hidden_size,
        "head_dim": model.config.head_dim,
        "num_attention_heads": model.config.num_attention_heads,
        "num_hidden_layers": model.config.num_hidden_layers,
        "num_key_value_heads": model.config.num_key_value_heads,
        **model.ahn_config.to_json(),
    }
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


# ---------------------------------------------------------------------- reading files


def _read_safetensors(folder: Path) -> tuple[PretrainedConfig, dict[str, Tensor]]:
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise LoadError(
            f"{folder} has no config.json, so it is no model folder: give a folder in Hugging Face layout."
        )
    weights = open_safetensors(folder)
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True), weights
    except (OSError, ValueError) as error:
        raise LoadError(
            f"{folder / 'config.json'} cannot be read ({_one_line(error)}), so the model cannot be built."
        ) from error


def _read_gguf(folder: Path, name: str) -> tuple[PretrainedConfig, dict[str, Tensor]]:
    from transformers import AutoModelForCausalLM, GgufConfig

    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            gguf_file=name,
            dtype=torch.float32,
            local_files_only=True,
            # Otherwise the weights stay packed where a package with kernels for that is installed.
            quantization_config=GgufConfig(dequantize=True),
        )
    except (OSError, ValueError) as error:
        raise LoadError(
            f"{folder / name} cannot be read as GGUF ({_one_line(error)}), so the model cannot be loaded."
        ) from error
    return model.config, dict(model.state_dict())


def open_safetensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a folder, memory-mapped. Pickled weights are refused by name, not opened."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        files = [folder / name for name in names]
    elif (single := folder / "model.safetensors").is_file():
        files = [single]  # others beside it, as an optimizer's, are no weights
    else:
        files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickled = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        found = (
            f" only pickled weights ({', '.join(pickled)}), which can run code when opened"
            if pickled
            else " no *.safetensors"
        )
        raise LoadError(f"{folder} has{found}, so nothing was loaded: get the model as safetensors or GGUF.")
    weights: dict[str, Tensor] = {}
    for file in files:
        if not file.is_file():
            raise LoadError(
                f"{file} is named in the index but missing, so the model is incomplete: download it again."
            )
        try:
            weights.update(load_file(file))
        except SafetensorError as error:
            raise LoadError(
                f"{file} is damaged ({error}), so it was not loaded: download it again."
            ) from error
    return weights


# ---------------------------------------------------------------------- base weights


def _join_projections(weights: Mapping[str, Tensor], config: BackboneConfig) -> dict[str, Tensor]:
    """Hugging Face names to ours, with q, k, v and gate, up joined."""
    joined: dict[str, Tensor] = {}
    parts = {
        "q_proj": "qkv_proj",
        "k_proj": "qkv_proj",
        "v_proj": "qkv_proj",
        "gate_proj": "gate_up_proj",
        "up_proj": "gate_up_proj",
    }
    order = {"qkv_proj": ("q_proj", "k_proj", "v_proj"), "gate_up_proj": ("gate_proj", "up_proj")}
    for name, tensor in weights.items():
        if name.endswith("rotary_emb.inv_freq") or (name == "lm_head.weight" and config.tie_word_embeddings):
            continue
        short = name.removeprefix("model.")
        module, _, kind = short.rpartition(".")
        parent, _, leaf = module.rpartition(".")
        if leaf not in parts:
            joined[short] = tensor
            continue
        whole = parts[leaf]
        target = f"{parent}.{whole}.{kind}"
        pieces = [f"model.{parent}.{part}.{kind}" for part in order[whole]]
        if target not in joined and all(piece in weights for piece in pieces):
            joined[target] = torch.cat([weights[piece] for piece in pieces])
    if config.tie_word_embeddings and "embed_tokens.weight" in joined:
        joined["lm_head.weight"] = joined["embed_tokens.weight"]
    return joined


def _load_strictly(model: AHNForCausalLM, state: dict[str, Tensor], folder: Path) -> None:
    expected = {name: tensor.shape for name, tensor in model.state_dict().items()}
    check_names_and_shapes(expected, state, str(folder), "the base model")
    model.load_state_dict(state, assign=True)
    if model.config.tie_word_embeddings:
        model.lm_head.weight = model.embed_tokens.weight


def check_names_and_shapes(
    expected: Mapping[str, torch.Size], found: Mapping[str, Tensor], source: str, what: str
) -> None:
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    wrong = [
        f"{name} is {list(found[name].shape)} instead of {list(shape)}"
        for name, shape in expected.items()
        if name in found and found[name].shape != shape
    ]
    problems = []
    if missing:
        problems.append(f"lacks {_some(missing)}")
    if extra:
        problems.append(f"has unknown {_some(extra)}")
    if wrong:
        problems.append(f"has wrong sizes: {_some(wrong)}")
    if problems:
        raise LoadError(
            f"{source} does not fit {what}: it {'; it '.join(problems)}; nothing was loaded, so choose "
            "weights made for this model."
        )


# ---------------------------------------------------------------------- memory weights


def _read_ahn(
    base: str | os.PathLike[str], ahn: str | os.PathLike[str] | None, cell: CellName | None
) -> tuple[AHNConfig, dict[str, Tensor] | None]:
    """The memory's config and tensors; no tensors for an untrained one."""
    if cell is not None and ahn is not None:
        raise LoadError(f"both a new {cell} memory and the memory {ahn} were asked for: choose one.")
    if base == "embedded" and ahn in CELLS:  # one of those that ship, by its cell
        ahn, named = zoo.embedded_memory_path(str(ahn)), ahn
        if ahn is None:
            raise LoadError(
                f"no trained {named} memory ships with this copy, so none was loaded: leave --ahn out."
            )
    if ahn is None and base == "embedded":
        ahn = zoo.embedded_memory_path() if cell is None else None
        if ahn is None:
            embedded = zoo.EMBEDDED
            return AHNConfig(
                cell=cell or "GatedDeltaNet",
                sink_positions=embedded.sink_positions,
                memory_rope=embedded.memory_rope,
                memory_window_power=embedded.memory_window_power,
            ), None
    if ahn is None:
        return AHNConfig(cell=cell or "GatedDeltaNet"), None
    folder = resolve_folder(ahn)
    if not (folder / "config.json").is_file():
        raise LoadError(
            f"{folder} has no config.json, so it is no AHN checkpoint: give a folder with config.json and "
            "model.safetensors."
        )
    return AHNConfig.from_json(folder / "config.json"), open_safetensors(folder)


def _untrained_memory(config: BackboneConfig, ahn_config: AHNConfig, dtype: torch.dtype) -> dict[str, Tensor]:
    """A fresh memory for each layer; its o_proj is zero, so it adds exactly nothing."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for index in range(config.num_hidden_layers):
        cell = CELLS[ahn_config.cell](config)
        cell.reset_parameters(generator)
        for name, tensor in cell.state_dict().items():
            state[f"layers.{index}.ahn.{name}"] = memory_dtype(name, tensor, dtype)
    return state


def _checked_memory(
    weights: dict[str, Tensor], model: AHNForCausalLM, source: Any, dtype: torch.dtype
) -> dict[str, Tensor]:
    ignored = {
        _AHN_PREFIX.format(index) + name
        for index in range(model.config.num_hidden_layers)
        for name in CELLS[model.ahn_config.cell].ignored_tensors
    }
    found = {name: tensor for name, tensor in weights.items() if name not in ignored}
    names = {
        _AHN_PREFIX.format(index) + name: (f"layers.{index}.ahn.{name}", tensor.shape)
        for index, layer in enumerate(model.layers)
        for name, tensor in layer.ahn.state_dict().items()
    }
    what = f"a {model.ahn_config.cell} memory of {model.name}"
    check_names_and_shapes({name: shape for name, (_, shape) in names.items()}, found, str(source), what)
    return {ours: memory_dtype(ours, found[name], dtype) for name, (ours, _) in names.items()}


def memory_dtype(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Decay parameters stay float32 whatever the model's dtype: a rounded half-life of 16,384 tokens is
    another one.
    """
    return tensor.detach().to(torch.float32 if name.endswith(("A_log", "dt_bias")) else dtype)


# ---------------------------------------------------------------------- small things


def _as_dtype(dtype: torch.dtype | str | None) -> torch.dtype | None:
    if dtype is None or isinstance(dtype, torch.dtype):
        return dtype
    known = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if dtype not in known:
        raise LoadError(
            f"dtype '{dtype}' is unknown, so the weights cannot be placed: use one of {', '.join(known)}, int8."
        )
    return known[dtype]


def _name(base: str | os.PathLike[str]) -> str:
    if base == "embedded":
        return zoo.EMBEDDED.name
    return Path(base).name if Path(base).exists() else str(base)


def _some(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


__all__ = ["ConfigError", "LoadError", "load_model", "load_tokenizer", "resolve_folder", "save_ahn"]
