"""The model `ahn` of lm-evaluation-harness: its tasks, asked with full attention, the window alone or AHN.

    python -m app.evaluation.harness run --model ahn --model_args base=embedded,memory=ahn --tasks TASK

takes the harness's own flags and needs its package (`pip install lm_eval`). Arguments of the model: `base` and `ahn` as
in `AHNForCausalLM.from_pretrained`, `memory` ("ahn", "window" or "full"), `sinks`, `window`, `dtype`, `device`,
`max_length`. On inputs that sinks and window hold, results are those of the harness's `hf` on the same weights.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import lm_eval.models  # noqa: F401  (or the harness takes a registry with one model for all there are)
import torch
from lm_eval import utils
from lm_eval.api.model import TemplateLM
from lm_eval.api.registry import register_model
from tqdm import tqdm

from ahn_core import Finished, SamplingSettings, stream_generate
from app import paths
from app.models.loading import load
from app.options import ModelOptions
from app.progress import ProgressLine

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

    from ahn_core import Cache, CacheKind

_READ_AT_ONCE = 512  # tokens; logits of so many exist at a time
_NEW_TOKENS = 256  # where a task says nothing
_ANY_LENGTH = 2**31


@register_model("ahn")
class AHNHarness(TemplateLM):
    """One request at a time, each from an empty cache. max_length: longest input in tokens; what is over is cut at the
    start, as the harness does it; by default what the base was trained for with full attention, and no end otherwise.
    """

    def __init__(
        self,
        base: str = "embedded",
        ahn: str | None = None,
        memory: CacheKind = "ahn",
        sinks: int | None = None,
        window: int | None = None,
        dtype: str | None = None,
        device: str | None = None,
        max_length: int | None = None,
        batch_size: int | str | None = None,  # the harness gives these two to every model
        max_batch_size: int | None = None,
    ) -> None:
        super().__init__()
        chosen = ModelOptions(base, ahn, device, dtype)
        self.model, self.tokenizer = load(chosen, paths.data_dir(), ProgressLine(sys.stderr), exact=True)
        self._memory, self._sinks, self._window = memory, sinks, window
        trained = self.model.config.max_position_embeddings
        self.max_length = max_length or (trained if memory == "full" else _ANY_LENGTH)

    @property
    def eot_token_id(self) -> int:
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        bos = self.tokenizer.bos_token_id
        return self.eot_token_id if bos is None else int(bos)

    @property
    def tokenizer_name(self) -> str:
        return str(self.model.name).replace("/", "__")

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        special = {} if add_special_tokens is None else {"add_special_tokens": add_special_tokens}
        return list(self.tokenizer.encode(string, **special))

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        return str(
            self.tokenizer.apply_chat_template(
                chat_history,
                tokenize=False,
                add_generation_prompt=add_generation_prompt,
                continue_final_message=not add_generation_prompt,
            )
        )

    def _empty_cache(self) -> Cache:
        return self.model.make_cache(self._memory, attention_sinks=self._sinks, sliding_window=self._window)

    @torch.inference_mode()
    def _scores(self, ids: Sequence[int], first: int) -> tuple[float, bool]:
        """Log-likelihood in nats of ids[first:], each token given all before it, and whether each is the likeliest."""
        cache = self._empty_cache()
        tokens = torch.tensor(ids, device=self.model.device)
        total, greedy = 0.0, True
        for start in range(0, len(ids) - 1, _READ_AT_ONCE):
            stop = min(start + _READ_AT_ONCE, len(ids) - 1)
            hidden = self.model.read(tokens[None, start:stop], cache)
            begin = max(first - 1, start)
            if begin >= stop:
                continue
            scores = self.model.logits(hidden[begin - start :]).float().log_softmax(-1)  # [n, V]
            wanted = tokens[begin + 1 : stop + 1]
            total += float(scores.gather(-1, wanted[:, None]).sum())
            greedy &= bool((scores.argmax(-1) == wanted).all())
        return total, greedy

    def _loglikelihood_tokens(
        self,
        requests: list[tuple[tuple[str, str], list[int], list[int]]],
        disable_tqdm: bool = False,
        **_: Any,
    ) -> list[tuple[float, bool]]:
        found = []
        for pair, context, continuation in tqdm(requests, disable=disable_tqdm, desc="Likelihoods"):
            ids = (context + continuation)[-(self.max_length + 1) :]
            found.append(self._scores(ids, len(ids) - len(continuation)))
            self.cache_hook.add_partial("loglikelihood", pair, found[-1])
        return found

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        found = []
        for request in tqdm(requests, disable=disable_tqdm, desc="Likelihoods of whole texts"):
            (text,) = request.args
            windows: Iterable[tuple[list[int], list[int]]] = map(
                utils.make_disjoint_window,
                utils.get_rolling_token_windows(
                    token_list=self.tok_encode(text),
                    prefix_token=self.prefix_token_id,
                    max_seq_len=self.max_length,
                    context_len=1,
                ),
            )
            found.append(sum(self._scores(before + wanted, len(before))[0] for before, wanted in windows))
            self.cache_hook.add_partial("loglikelihood_rolling", (text,), found[-1])
        return found

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        found = []
        for request in tqdm(requests, disable=disable_tqdm, desc="Answers"):
            context, asked = request.args
            until = asked.get("until") or []
            new = int(asked.get("max_gen_toks", _NEW_TOKENS))
            ids = self.tok_encode(context)[-max(self.max_length - new, 1) :]
            events = stream_generate(
                self.model,
                self.tokenizer,
                ids,
                self._empty_cache(),
                max_new_tokens=new,
                sampling=_sampling(asked),
                stop=[until] if isinstance(until, str) else list(until),
            )
            (text,) = (event.text for event in events if isinstance(event, Finished))
            found.append(text)
            self.cache_hook.add_partial("generate_until", request.args, text)
        return found


def _sampling(asked: dict[str, Any]) -> SamplingSettings:
    """Greedy unless a task samples."""
    if not asked.get("do_sample", False):
        return SamplingSettings()
    return SamplingSettings(
        temperature=float(asked.get("temperature", 1.0)),
        top_p=float(asked.get("top_p", 1.0)),
        top_k=int(asked.get("top_k", 0)),
        seed=0,
    )


def main() -> int:
    """The harness's own command, which then knows the model `ahn`."""
    from lm_eval.__main__ import cli_evaluate

    cli_evaluate()
    return 0


if __name__ == "__main__":
    # Run as a module this file is `__main__`; the harness finds the model by what it registered.
    sys.exit(main())
