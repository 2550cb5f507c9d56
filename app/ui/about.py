"""The sample, and questions about the model itself, which a model answers by invention and the app from the facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app import paths
from app.ui.views.facts import ModelFacts
from app.ui.words.first import FIRST
from app.ui.words.translated import number

if TYPE_CHECKING:
    from ahn_core import MemoryKind

SAMPLE = paths.assets_dir() / "sample" / "lighthouse-keepers-handbook.pdf"
# In the language of the handbook; the embedded model was seen to answer them right.
SAMPLE_QUESTIONS = (
    "How long did the longest fog on record last?",
    "How often is the clockwork wound?",
    "How far do the rockets carry a line?",
)

# Whole questions alone: "What model of pump are you to order?" is about a document.
_QUESTIONS = re.compile(
    r"""
    (?:what|which)\ (?:(?:language\ |ai\ |a\.i\.\ )?model|llm|ai)\ (?:are\ you|is\ this|are\ you\ using|do\ you\ use|
        is\ (?:running|answering)|am\ i\ (?:talking|speaking|chatting)\ (?:to|with)|are\ you\ (?:based|running)\ on)
    | (?:who|what)\ are\ you
    | what(?:'s|’s|\ is)\ your\ name
    | who\ (?:made|created|trained|built|developed)\ you
    | are\ you\ (?:an?\ )?(?:chatgpt|gpt(?:-?\d\S*)?|claude|gemini|llama|copilot|deepseek|qwen|ai|a\.i\.|robot|human|
        bot|language\ model)
    | (?:welches|was\ für\ ein|was\ fuer\ ein)\ (?:sprach|ki-)?modell\ (?:bist\ du|sind\ sie|ist\ das|verwendest\ du|
        verwenden\ sie|läuft\ hier)
    | (?:wer|was)\ (?:bist\ du|sind\ sie)
    | wie\ (?:heißt\ du|heissen\ sie|heißen\ sie|ist\ dein\ name|ist\ ihr\ name)
    | bist\ du\ (?:eine?\ )?(?:chatgpt|gpt\S*|claude|gemini|llama|ki|mensch|bot|roboter)
    | (?:请问)?[你您](?:用的)?(?:是|属于)(?:什么|哪个|哪种|哪一个|啥)(?:语言|大)?(?:语言)?模型
    | [你您]是谁 | [你您]叫什么(?:名字)? | [你您]是(?:chatgpt|gpt\S*|claude|gemini|llama|人工智能|机器人|真人)吗?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AROUND = re.compile(
    r"^(?:(?:hi|hello|hey|hallo|你好|您好)[,，!\s]+)?(.*?)(?:,?\s*(?:please|bitte))?[\s?？!.。！]*$",
    re.DOTALL | re.IGNORECASE,
)


def asks_about_model(question: str) -> bool:
    """Whether a question is about the model that answers and about nothing else."""
    inner = _AROUND.match(" ".join(question.split()))
    return bool(inner and len(question) < 120 and _QUESTIONS.fullmatch(inner[1]))


def about_model(facts: ModelFacts, memory: MemoryKind) -> str:
    """What the app says about the model, in a chat with this kind of memory."""
    w = FIRST()
    device = f"{facts.device}, {facts.dtype}"
    told = w.about_model.format(
        name=facts.name,
        family=facts.family,
        n=number(facts.parameters / 1e6, ",.0f"),
        device=device,
    )
    if memory == "ahn" and not facts.memory_trained:
        memory = "window"  # an untrained AHN adds nothing
    told += f" {w.about_memory[memory].format(cell=facts.cell)}"
    return f"{told} {w.about_embedded}" if facts.licence else told
