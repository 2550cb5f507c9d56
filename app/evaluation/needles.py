"""Needles: single facts put into a real text at known depths, and the questions that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.model import Block, Page
from app.documents.text import split_pages

LENGTHS = (8_000, 32_000, 128_000)  # tokens
DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
TOKENS_A_WORD = 1.35  # of English prose with the embedded model's tokenizer


@dataclass(frozen=True)
class Needle:
    """A sentence that stands once in the text; the question is put in other words, the answer is in the sentence."""

    sentence: str
    question: str
    answer: str


# Names are made up, so that no text has them by itself.
NEEDLES = (
    Needle("The access code of the Marlow depot is 48213.", "Which code opens the depot at Marlow?", "48213"),
    Needle(
        "Edda Winther keeps the spare key in a blue tin.", "Where is Edda Winther's second key?", "blue tin"
    ),
    Needle(
        "The Harrowgate ferry leaves at ten past four.",
        "When does the boat from Harrowgate go?",
        "ten past four",
    ),
    Needle(
        "Professor Ilmari Quist collects brass compasses.",
        "What does Ilmari Quist collect?",
        "brass compasses",
    ),
    Needle(
        "The Tollund bridge carries at most 17 tonnes.",
        "How heavy may a lorry on the Tollund bridge be?",
        "17 tonnes",
    ),
    Needle("Orla Bexley won the regatta in 1926.", "Who won the regatta of 1926?", "Orla Bexley"),
    Needle("The well at Fennimoor is 63 metres deep.", "What is the depth of Fennimoor's well?", "63 metres"),
    Needle(
        "The secret recipe of Zubrowski calls for saffron.",
        "Which spice does Zubrowski's recipe need?",
        "saffron",
    ),
    Needle(
        "Room 914 of the Almquist hotel is painted green.",
        "What colour has room 914 at the Almquist?",
        "green",
    ),
    Needle(
        "The Pendry mill burned down on a Thursday.",
        "On which weekday was the Pendry mill destroyed?",
        "Thursday",
    ),
    Needle(
        "Captain Rusk paid 350 crowns for the parrot.", "What did the parrot cost Captain Rusk?", "350 crowns"
    ),
    Needle(
        "The password of the Sörby archive is heliotrope.",
        "What must one say to enter the Sörby archive?",
        "heliotrope",
    ),
    Needle(
        "Matti Lehtovaara tunes the organ every March.",
        "In which month is the organ tuned by Lehtovaara?",
        "March",
    ),
    Needle("The Yarrow tunnel was dug by 212 miners.", "How many people dug the tunnel at Yarrow?", "212"),
    Needle(
        "The oldest tree of Cressmont park is a mulberry.",
        "What kind of tree is the oldest in Cressmont?",
        "mulberry",
    ),
    Needle(
        "Ines Okonjo hid the map behind the stove.", "Where did Ines Okonjo hide the map?", "behind the stove"
    ),
    Needle(
        "The Dravik observatory closes when it hails.",
        "In what weather is the Dravik observatory shut?",
        "hails",
    ),
    Needle(
        "Bus 77 to Kessenich costs three marks.", "How much is a ride to Kessenich on bus 77?", "three marks"
    ),
    Needle(
        "The bell of Saint Odo is tuned to F sharp.", "Which note does Saint Odo's bell sound?", "F sharp"
    ),
    Needle("Wilma Abernathy teaches her geese to waltz.", "What do Wilma Abernathy's geese learn?", "waltz"),
)


def haystack(
    texts: Sequence[str], tokens: int, depth: float, needles: Sequence[Needle] = NEEDLES
) -> list[Page]:
    """Pages of about `tokens` of the texts, one text after the other and again from the first, with the needles around
    `depth` (0 the beginning, 1 the end), each in a paragraph of its own."""
    paragraphs: list[str] = []
    words, wanted = 0, int(tokens / TOKENS_A_WORD)
    while words < wanted and texts:
        before = words
        for paragraph in (part for text in texts for part in text.split("\n\n")):
            if words >= wanted:
                break
            paragraphs.append(paragraph)
            words += len(paragraph.split())
        if words == before:
            raise ValueError("the texts have no words, so nothing can be hidden in them")
    at = round(depth * len(paragraphs))
    around = [min(max(at + (index - len(needles) // 2), 0), len(paragraphs)) for index in range(len(needles))]
    for place, needle in sorted(zip(around, needles, strict=True), key=lambda pair: -pair[0]):
        paragraphs.insert(place, needle.sentence)
    return [
        Page(number, (Block("paragraph", text),))
        for number, text in enumerate(split_pages("\n\n".join(paragraphs)), 1)
    ]
