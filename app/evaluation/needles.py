"""Needles: single facts put into a real text at known depths, and the questions that ask for them.

Twenty kinds of facts, each told of five people or places: one for each depth. So one text holds all hundred, and is
read once for all of them; the four others of its kind are what a needle may be confused with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.documents.model import Block, Page
from app.documents.text import split_pages

LENGTHS = (8_000, 32_000, 128_000)  # tokens
DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
TOKENS_A_WORD = 1.35  # of English prose with the embedded model's tokenizer

Count = Callable[[str], int]  # tokens of a text


@dataclass(frozen=True)
class Needle:
    """A sentence that stands once in the text; the question is put in other words, the answer is in the sentence.

    answers: ways to write it. depth: where it stands, 0 the beginning and 1 the end of the text.
    """

    sentence: str
    question: str
    answers: tuple[str, ...]
    depth: float

    def answered_by(self, text: str) -> bool:
        """Whether an answer stands in `text` as words of its own: 29 is not in "29.76"."""
        plain = " ".join(text.lower().split())
        return any(
            re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(answer.lower())}(?!\w)(?![.,]\d)", plain)
            for answer in self.answers
        )


# A sentence, a question, and for each depth a name and the answer's ways; "|" parts them. Names are made up, so that
# no text has them by itself.
_KINDS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "The access code of the {} depot is {}.",
        "Which code opens the depot at {}?",
        (
            ("Marlow", "48213"),
            ("Quenby", "70954"),
            ("Tarnhelm", "15386"),
            ("Ostrava", "92071"),
            ("Veldt", "36640"),
        ),
    ),
    (
        "{} keeps the spare key in {}.",
        "Where is {}'s second key?",
        (
            ("Edda Winther", "a blue tin|blue tin"),
            ("Jonas Prewitt", "an old boot|old boot"),
            ("Sanna Koskela", "the piano stool|piano stool"),
            ("Bertil Drum", "a hollow brick|hollow brick"),
            ("Lucia Farquar", "the flour jar|flour jar"),
        ),
    ),
    (
        "The {} ferry leaves at {}.",
        "When does the boat from {} go?",
        (
            ("Harrowgate", "ten past four|4:10"),
            ("Skelmorlie", "half past six|6:30"),
            ("Ravnsund", "quarter to nine|8:45"),
            ("Inchkeith", "noon|12:00"),
            ("Corvalle", "twenty past eleven|11:20"),
        ),
    ),
    (
        "{} collects {}.",
        "What does {} gather as a hobby?",
        (
            ("Professor Ilmari Quist", "brass compasses"),
            ("Doctor Hedvig Alm", "pressed ferns"),
            ("Judge Tobias Wrenn", "chimney pots"),
            ("Baroness Oda Kling", "snuff boxes"),
            ("Brother Anselm Voss", "ships in bottles"),
        ),
    ),
    (
        "The {} bridge carries at most {} tonnes.",
        "How heavy may a lorry on the {} bridge be?",
        (("Tollund", "17"), ("Kerrow", "23"), ("Askeby", "9"), ("Limmern", "31"), ("Fossgate", "44")),
    ),
    (
        "{1} won the regatta of {0}.",
        "Who was first in the boat race of {}?",
        (
            ("1926", "Orla Bexley"),
            ("1931", "Piet Vanderlee"),
            ("1938", "Agnes Thorold"),
            ("1947", "Ruben Castello"),
            ("1953", "Mabel Osgood"),
        ),
    ),
    (
        "The well at {} is {} metres deep.",
        "What is the depth of {}'s well?",
        (("Fennimoor", "63"), ("Dunholt", "41"), ("Brackwater", "87"), ("Seldom", "112"), ("Gristle", "29")),
    ),
    (
        "The secret recipe of {} calls for {}.",
        "Which spice does {}'s recipe need?",
        (
            ("Zubrowski", "saffron"),
            ("Pelletier", "cardamom"),
            ("Inagaki", "star anise"),
            ("Mbeki", "nutmeg"),
            ("Thistlewood", "juniper"),
        ),
    ),
    (
        "Room 914 of the {} hotel is painted {}.",
        "What colour has room 914 at the {}?",
        (
            ("Almquist", "green"),
            ("Belvoir", "crimson"),
            ("Sandringer", "mustard yellow|yellow"),
            ("Okura", "lilac"),
            ("Peregrine", "turquoise"),
        ),
    ),
    (
        "The {} mill burned down on a {}.",
        "On which weekday was the {} mill destroyed?",
        (
            ("Pendry", "Thursday"),
            ("Culver", "Monday"),
            ("Ashgrove", "Saturday"),
            ("Lowick", "Wednesday"),
            ("Hartsop", "Sunday"),
        ),
    ),
    (
        "{} paid {} crowns for the parrot.",
        "What did the parrot cost {}?",
        (
            ("Captain Rusk", "350"),
            ("Lady Ermintrude", "415"),
            ("Purser Dalby", "280"),
            ("Cook Yardley", "95"),
            ("Admiral Stroud", "620"),
        ),
    ),
    (
        "The password of the {} archive is {}.",
        "What must one say to enter the {} archive?",
        (
            ("Sörby", "heliotrope"),
            ("Granada", "quicksilver"),
            ("Whitlow", "marzipan"),
            ("Tessel", "bumblebee"),
            ("Dornach", "tamarind"),
        ),
    ),
    (
        "{} tunes the organ every {}.",
        "In which month does {} look after the organ?",
        (
            ("Matti Lehtovaara", "March"),
            ("Clemens Auer", "June"),
            ("Bridget Swayne", "October"),
            ("Yves Kermadec", "January"),
            ("Dorothea Lindt", "August"),
        ),
    ),
    (
        "The {} tunnel was dug by {} miners.",
        "How many people dug the tunnel at {}?",
        (
            ("Yarrow", "212"),
            ("Galdhope", "147"),
            ("Simmerfell", "309"),
            ("Norrkamp", "58"),
            ("Carn Brae", "433"),
        ),
    ),
    (
        "The oldest tree of {} park is a {}.",
        "What kind of tree is the oldest in {}?",
        (
            ("Cressmont", "mulberry"),
            ("Ellingham", "walnut"),
            ("Bosworth", "black poplar|poplar"),
            ("Tiergart", "ginkgo"),
            ("Landseer", "hornbeam"),
        ),
    ),
    (
        "{} hid the map {}.",
        "Where did {} put the map so that nobody finds it?",
        (
            ("Ines Okonjo", "behind the stove"),
            ("Lorcan Tighe", "under the altar"),
            ("Freya Nansen", "inside a violin"),
            ("Hamish Rourke", "above the rafters"),
            ("Zelda Marchetti", "between two mattresses"),
        ),
    ),
    (
        "The {} observatory closes when it {}.",
        "In what weather is the {} observatory shut?",
        (
            ("Dravik", "hails|hail"),
            ("Palomino", "thunders|thunder"),
            ("Kvistaberg", "snows|snow"),
            ("Monteluna", "drizzles|drizzle"),
            ("Arcet", "is foggy|foggy|fog"),
        ),
    ),
    (
        "Bus 77 to {} costs {} marks.",
        "How much is a ride to {} on bus 77?",
        (
            ("Kessenich", "three|3"),
            ("Oberlahn", "seven|7"),
            ("Zwickelau", "twelve|12"),
            ("Friedmar", "five|5"),
            ("Hohenlinde", "nine|9"),
        ),
    ),
    (
        "The bell of Saint {} is tuned to {}.",
        "Which note does Saint {}'s bell sound?",
        (
            ("Odo", "F sharp"),
            ("Walburga", "B flat"),
            ("Kevern", "D minor"),
            ("Ursicinus", "G natural"),
            ("Piran", "E flat"),
        ),
    ),
    (
        "{} teaches the geese to {}.",
        "What do the geese learn from {}?",
        (
            ("Wilma Abernathy", "waltz"),
            ("Gustav Ekdal", "march in step|march"),
            ("Nora Pilkington", "bow politely|bow"),
            ("Amos Trelawney", "ring a bell"),
            ("Hilde Sorensen", "count to four"),
        ),
    ),
)


def _needle(kind: tuple[str, str, tuple[tuple[str, str], ...]], place: int) -> Needle:
    sentence, question, fills = kind
    name, answers = fills[place]
    ways = tuple(answers.split("|"))
    return Needle(sentence.format(name, ways[0]), question.format(name), ways, DEPTHS[place])


# Twenty at each depth, one of each kind.
NEEDLES = tuple(_needle(kind, place) for place in range(len(DEPTHS)) for kind in _KINDS)


def count_words(text: str) -> int:
    """About the tokens of a text."""
    return round(len(text.split()) * TOKENS_A_WORD)


def haystack(
    texts: Sequence[str], tokens: int, count: Count = count_words, needles: Sequence[Needle] = NEEDLES
) -> list[Page]:
    """Pages of at most `tokens`, and nearly so many, needles among them: the texts one after the other and again from
    the first, with each needle around its depth, in a paragraph of its own and with a paragraph of the text before the
    next one.

    Raises ValueError where the needles alone are longer, or the texts have no words.
    """
    wanted = tokens
    while True:
        pages = _pages(_paragraphs(texts, wanted, count, needles), needles)
        too_many = sum(count(f"{page.text}\n\n") for page in pages) - tokens
        if too_many <= 0:
            return pages
        wanted -= too_many  # paragraphs have other tokens together than one by one


def _paragraphs(texts: Sequence[str], tokens: int, count: Count, needles: Sequence[Needle]) -> list[str]:
    paragraphs: list[str] = []
    left = tokens - sum(count(f"{needle.sentence}\n\n") for needle in needles)
    if left <= 0:
        raise ValueError(f"{tokens:,} tokens are too few for {len(needles)} needles")
    while left > 0:
        before = left
        for paragraph in (part for text in texts for part in text.split("\n\n") if part.strip()):
            left -= count(f"{paragraph}\n\n")
            if left <= 0:
                break
            paragraphs.append(paragraph)
        if left == before:
            raise ValueError("the texts have no words, so nothing can be hidden in them")
    return paragraphs


def _pages(paragraphs: list[str], needles: Sequence[Needle]) -> list[Page]:
    for depth in sorted({needle.depth for needle in needles}, reverse=True):
        some = [needle for needle in needles if needle.depth == depth]
        at = round(depth * len(paragraphs))
        first = min(max(at - len(some) // 2, 0), max(len(paragraphs) - len(some) + 1, 0))
        # From the last one on, so that places before it stay.
        for place, needle in reversed(list(enumerate(some))):
            paragraphs.insert(min(first + place, len(paragraphs)), needle.sentence)
    return [
        Page(number, (Block("paragraph", text),))
        for number, text in enumerate(split_pages("\n\n".join(paragraphs)), 1)
    ]
