"""How the answers of long-text benchmarks are scored: one function a metric, as each benchmark publishes it.

Every score is from 0 to 1. The tests hold each function to numbers of the benchmark's own scorer:
LongBench (arXiv 2308.14508, github.com/THUDM/LongBench, MIT), LV-Eval (arXiv 2402.05136, github.com/infinigence/LVEval,
MIT), InfiniteBench (arXiv 2402.13718, github.com/OpenBMB/InfiniteBench, MIT), RULER (arXiv 2404.06654,
github.com/NVIDIA/RULER, Apache-2.0). Words of Chinese are cut by jieba, ROUGE is the package `rouge`, as there; both
come with the extra `ahn-chat[eval]`.
"""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import string
import tempfile
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .blacklists import CHINESE_FUNCTION_WORDS, ENGLISH_FUNCTION_WORDS

_CHINESE_PUNCTUATION = (
    "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼"
    "］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖"
    "〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏."
)
_DROP_ENGLISH = str.maketrans("", "", string.punctuation)
_DROP_CHINESE = str.maketrans("", "", string.punctuation + _CHINESE_PUNCTUATION)
# What may stand around the words of an answer that InfiniteBench looks for.
_MARKS = "\n:\"'.,?!{}"


def english_words(text: str) -> list[str]:
    """Words in lower case, without punctuation and articles (SQuAD's normalisation)."""
    return re.sub(r"\b(a|an|the)\b", " ", text.lower().translate(_DROP_ENGLISH)).split()


def chinese_words(text: str) -> list[str]:
    """Words as jieba cuts them, in lower case, without punctuation and space."""
    words = (_without_marks(word) for word in _segmenter().cut(text, cut_all=False))
    return [word for word in words if word]


def _without_marks(word: str) -> str:
    return "".join(word.lower().translate(_DROP_CHINESE).split())


@functools.cache
def _segmenter() -> Any:
    """jieba's tokenizer. Its cache lies in a folder of this process: in the shared one any user could have put it."""
    import jieba

    segmenter = jieba.Tokenizer()
    segmenter.tmp_dir = tempfile.mkdtemp(prefix="ahn-chat-words-")
    atexit.register(shutil.rmtree, segmenter.tmp_dir, ignore_errors=True)
    jieba.setLogLevel("WARNING")
    return segmenter


def f1(prediction: Sequence[str], reference: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of the words, each counted as often as it stands."""
    shared = sum((Counter(prediction) & Counter(reference)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(prediction), shared / len(reference)
    return 2 * precision * recall / (precision + recall)


def qa_f1(prediction: str, reference: str) -> float:
    """F1 of English words (LongBench, LV-Eval, InfiniteBench)."""
    return f1(english_words(prediction), english_words(reference))


def qa_f1_chinese(prediction: str, reference: str) -> float:
    """F1 of Chinese words (LongBench, LV-Eval)."""
    return f1(chinese_words(prediction), chinese_words(reference))


def qa_f1_characters(prediction: str, reference: str) -> float:
    """F1 of characters (InfiniteBench's Chinese questions)."""
    return f1(_without_marks(prediction), _without_marks(reference))


def keyword_f1(prediction: str, reference: str, keywords: str) -> float:
    """LV-Eval: F1, but 0 where under a fifth of the answer's keywords are in the prediction. "" asks for none."""
    words = english_words(prediction)
    if keywords and _recalled(words, english_words(keywords), ENGLISH_FUNCTION_WORDS) < 0.2:
        return 0.0
    return f1(words, english_words(reference))


def keyword_f1_chinese(prediction: str, reference: str, keywords: str) -> float:
    """LV-Eval: the same in Chinese, under two fifths; without keywords the reference's own words are asked for."""
    words = chinese_words(prediction)
    if _recalled(words, chinese_words(keywords or reference), CHINESE_FUNCTION_WORDS) < 0.4:
        return 0.0
    return f1(words, chinese_words(reference))


def _recalled(words: Sequence[str], wanted: Sequence[str], function_words: frozenset[str]) -> float:
    """Share of `wanted` among `words`; function words do not count as found, though they count as wanted."""
    if not wanted:
        return 0.0
    found = Counter(words) & Counter(wanted)
    return sum(count for word, count in found.items() if word not in function_words) / len(wanted)


def rouge_l(prediction: str, reference: str) -> float:
    """ROUGE-L's F by the package `rouge`; 0 where one of the two has no words (LongBench's summaries)."""
    from rouge import Rouge

    try:
        return float(
            Rouge(metrics=["rouge-l"]).get_scores([prediction], [reference], avg=True)["rouge-l"]["f"]
        )
    except (ValueError, RecursionError):  # no words; so long a common part that the package cannot follow it
        return 0.0


def rouge_l_chinese(prediction: str, reference: str) -> float:
    """ROUGE-L of words as jieba cuts them (LongBench)."""
    cut = _segmenter().cut
    return rouge_l(" ".join(cut(prediction, cut_all=False)), " ".join(cut(reference, cut_all=False)))


def rouge_l_chinese_content(prediction: str, reference: str) -> float:
    """ROUGE-L without function words and marks (LV-Eval's dureader)."""

    def content(text: str) -> str:
        # Cut twice, as published: the second time the spaces of the first are words too, and are dropped as empty.
        cut = _segmenter().cut
        words = (_without_marks(word) for word in cut(" ".join(cut(text, cut_all=False)), cut_all=False))
        return " ".join(word for word in words if word not in CHINESE_FUNCTION_WORDS)

    return rouge_l(content(prediction), content(reference))


def number_share(prediction: str, number: str) -> float:
    """Share of the prediction's numbers that are this one (LongBench's passage_count)."""
    numbers = re.findall(r"\d+", prediction)
    return numbers.count(number) / len(numbers) if numbers else 0.0


def paragraph_share(prediction: str, reference: str) -> float:
    """The same for the number in "Paragraph 7" or "段落7" (LongBench's passage_retrieval)."""
    found = re.search(r"(?:Paragraph |段落)(\d+)", reference)
    if found is None:
        raise ValueError(f"the answer {reference!r} names no paragraph, so nothing can be compared with it.")
    return number_share(prediction, found[1])


def code_similarity(prediction: str, reference: str) -> float:
    """Likeness of the first line that is code, by edits (LongBench's lcc and repobench-p)."""
    from rapidfuzz import fuzz

    lines = prediction.lstrip("\n").split("\n")
    line = next((line for line in lines if not any(mark in line for mark in ("`", "#", "//"))), "")
    if line == reference:
        return 1.0
    return round(fuzz.ratio(line, reference)) / 100 if line and reference else 0.0


def class_share(prediction: str, reference: str, classes: Sequence[str]) -> float:
    """1 ÷ the classes that are named, if the right one is (LongBench's trec and lsht)."""
    named = [name for name in classes if name in prediction]
    # A class whose name is a part of the right one's is not counted against it. The published loop goes on while it
    # removes, so it does not look at what stands behind a removed one; kept, for equal numbers.
    for name in named:
        if name in reference and name != reference:
            named.remove(name)
    return 1 / len(named) if reference in named else 0.0


def first_number(prediction: str, reference: str) -> float:
    """Whether the first digits are the reference (InfiniteBench's passkey and number_string)."""
    found = re.search(r"[0-9]+", prediction)
    return float((found[0] if found else "") == reference)


def word_among(prediction: str, reference: str) -> float:
    """Whether the reference is a word of the prediction (InfiniteBench's kv_retrieval)."""
    return float(reference in _plain_words(prediction))


def name_among(prediction: str, reference: str) -> float:
    """The same in capitals (InfiniteBench's longdialogue_qa_eng)."""
    return float(reference in [word.upper() for word in _plain_words(prediction.strip())])


def _blanked(marks: str) -> dict[int, str]:
    """For `str.translate`: each of the marks as a space."""
    return {ord(mark): " " for mark in marks}


def _plain_words(text: str) -> list[str]:
    return text.translate(_blanked(_MARKS)).split()


def last_integer(prediction: str, reference: str) -> float:
    """Whether the last word is the number (InfiniteBench's code_run)."""
    words = prediction.translate(_blanked("\n.`'\":")).split()
    return float(
        bool(words) and bool(re.fullmatch(r"[+-]?\d+", words[-1])) and int(words[-1]) == int(reference)
    )


def equal_number(prediction: str, reference: str) -> float:
    """Whether the first number is the reference; whole ones must be written as such (InfiniteBench's math_find)."""
    found = re.search(r"\d+\.\d+|\d+", prediction)
    if found is None:
        return 0.0
    if re.fullmatch(r"[+-]?\d+", reference):
        return float(found[0].isdecimal() and int(found[0]) == int(reference))
    return float(float(found[0]) == float(reference))


_CHOICE_PREFIXES = ("answer is:", "answer:", "answer is", "option is")


def chosen_letter(prediction: str, answer: str, letter: str) -> float:
    """Whether the option is chosen by its letter or its words (InfiniteBench's longbook_choice_eng)."""
    said = prediction.strip()
    if not said:
        return 0.0
    right = (answer, letter)
    if said[0] in "ABCD":
        return float(said[0] in right)
    if said in right:
        return 1.0
    said = re.sub(" {2,}", " ", said.translate(_blanked("\n\"'.,?!{}")))
    for prefix in _CHOICE_PREFIXES:
        at = said.find(prefix)
        if at >= 0:
            return float(said[at + len(prefix) + 1 :].startswith(right))
    named = next((word for word in said.split() if word in "ABCD"), "")
    return float(named in right)


_DEBUG_PREFIXES = ("answer is:", "is:", "answer:", "correct option is:")


def chosen_function(prediction: str, name: str, letter: str) -> float:
    """Whether the faulty function is named, by letter or name (InfiniteBench's code_debug)."""
    said = prediction.strip()
    if said[:2] in (f"{letter}.", f"{letter}:"):
        return 1.0
    for mark in ("\n", "`", "'", '"', "-", "*", "Option", "option"):
        said = said.replace(mark, " ")
    said = re.sub(" {2,}", " ", said)
    for prefix in _DEBUG_PREFIXES:
        at = said.find(prefix)
        if at >= 0:
            return float(said[at + len(prefix) + 1 :].startswith((letter, name)))
    return 0.0


def share_named(prediction: str, references: Sequence[str]) -> float:
    """Share of the references that stand in the prediction, case aside (RULER's string_match_all)."""
    said = prediction.lower()
    return sum(reference.lower() in said for reference in references) / len(references)
