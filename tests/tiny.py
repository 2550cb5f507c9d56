"""A tiny random model and a byte tokenizer: real classes, no files, milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ahn_core import AHNConfig, AHNForCausalLM, BackboneConfig
from ahn_core.config import CellName, SinkPositions

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
VOCABULARY = 259  # 256 bytes and three special tokens


def tiny_model(
    cell: CellName = "GatedDeltaNet",
    *,
    seed: int = 0,
    trained: bool = True,
    sink_positions: SinkPositions = "capped",
    memory_rope: bool = False,
    memory_window_power: float = 0.0,
    device: torch.device | None = None,
    **overrides: object,
) -> AHNForCausalLM:
    """A random float32 model of 2 layers, 4 query heads on 2 key-value heads of 16, vocabulary of
    `byte_tokenizer`.

    `trained` gives the memory a random output map, so that it matters; otherwise it adds zero, as a fresh one
    does. The same numbers on every `device`; None: the CPU.
    """
    values: dict[str, object] = {
        "model_type": "llama",
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-6,
        "qkv_bias": False,
        "attention_output_bias": False,
        "mlp_bias": False,
        "qk_norm": False,
        "tie_word_embeddings": True,
        "inverse_frequencies": tuple(10_000.0 ** (-i / 8) for i in range(8)),
        "rope_attention_scaling": 1.0,
        "eos_token_ids": (VOCABULARY - 1,),
        **overrides,
    }
    config = BackboneConfig(**values)  # type: ignore[arg-type]
    ahn_config = AHNConfig(
        cell=cell,
        sink_positions=sink_positions,
        memory_rope=memory_rope,
        memory_window_power=memory_window_power,
    )
    model = AHNForCausalLM(config, ahn_config, name="tiny", memory_trained=trained)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.2 if ".ahn." not in name else 0.5, generator=generator)
        for layer in model.layers:
            layer.ahn.reset_parameters(generator)
            if trained:
                layer.ahn.o_proj.weight.normal_(std=0.5, generator=generator)
    model = model.eval().requires_grad_(False)
    return model if device is None or device.type == "cpu" else model.to(device)


def save_tiny_base(folder: Path, *, max_position_embeddings: int = 256) -> Path:
    """Write a random base of transformers with the byte tokenizer into `folder`, in Hugging Face layout."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=max_position_embeddings,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """A transformers fast tokenizer whose tokens are bytes, with ChatML's control tokens and template."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|im_end|>", bos_token="<|im_start|>"
    )
    tokenizer.chat_template = CHATML
    return tokenizer
