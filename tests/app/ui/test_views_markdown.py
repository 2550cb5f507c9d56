"""Answers as HTML: every character is there, nothing is executed or fetched, and marks stand where they belong."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.views.markdown import Mark, plain, to_html


def shown(html: str) -> str:
    """The text a reader sees, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


@pytest.mark.parametrize(
    "text",
    [
        "<config><port>80</port></config> and List<String> x",
        "Explain Vec<String> in Rust please",
        "Anna Lind <anna@example.org>",
        "a_b_c = __init__(self) & x < y > z",
        "an <unclosed tag",
        "</div></span> closes nothing",
        "&lt;b&gt; &amp; &copy;",
    ],
)
def test_what_looks_like_a_tag_is_text(text: str) -> None:
    expected = unescape(text)
    assert shown(to_html(text)) == expected
    assert shown(plain(text)) == text


def test_questions_are_shown_as_typed() -> None:
    assert plain("*a*  __b__\n<i>c") == '<span class="typed">*a*  __b__\n&lt;i&gt;c</span>'


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("| a | b |\n|---|---|\n| 1 |  |", "<td>1</td>"),
        ("```python\nx = 1\n```", 'class="language-python"'),
        ("```nosuchlanguage\nx<1\n```", "x&lt;1"),
        ("- [x] done\n- [ ] open", 'aria-label="done">☑</span> done'),
        ("~~gone~~", "<s>gone</s>"),
        ("$E = mc^2$", "<msup>"),
        ("$$\\frac{a}{b}$$", '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">'),
        ("$\\frac{a}{$", "$\\frac{a}{$"),
        ("it costs $5 and $6", "it costs $5 and $6"),
        ("one\ntwo", "one<br />\ntwo"),
    ],
)
def test_markdown_is_drawn(markdown: str, html: str) -> None:
    assert html in to_html(markdown)


def test_nothing_is_fetched_or_run() -> None:
    html = to_html("![a map](https://example.org/map.png) [x](javascript:alert(1)) <script>alert(1)</script>")
    assert "<img" not in html and "<script" not in html and "href" not in html
    assert "[a map: https://example.org/map.png]" in shown(html)
    assert 'rel="noopener noreferrer nofollow"' in to_html("[here](https://example.org)")


def test_marks_stand_where_they_belong() -> None:
    text = "The **crane lifts** 10,592 kg."
    start = text.index("crane")
    marks = (
        Mark(start, text.index(" kg"), "found", "p. 3"),
        Mark(text.index("lifts"), text.index("lifts"), after="<sup>1</sup>"),
    )
    html = to_html(text, marks)
    assert shown(html) == "The crane 1lifts 10,592 kg."
    assert '<strong><span class="found" title="p. 3">crane </span><sup>1</sup>' in html
    assert '<span class="found" title="p. 3"> 10,592</span> kg.' in html


def test_marks_in_addresses_code_and_formulas_do_no_harm() -> None:
    text = "<https://example.org/a> `a b` $x^2$\n\n```python\nprint(1)\n```"
    bare = to_html(text)
    for start in range(len(text)):
        marked = to_html(text, (Mark(start, start + 3, "found", "here"),))
        assert "\U000f0000" not in marked and "%F3%B0" not in marked
        assert marked.count("<math") <= bare.count("<math")


@given(st.text(max_size=200), st.lists(st.tuples(st.integers(-5, 210), st.integers(-5, 210)), max_size=4))
def test_no_answer_breaks_the_page(text: str, places: list[tuple[int, int]]) -> None:
    html = to_html(text, tuple(Mark(start, end, "found") for start, end in places))
    assert "<script" not in html and "<img" not in html and not re.search("[\U000f0000-\U000ffffd]", html)
    opened, closed = len(re.findall(r"<span\b", html)), html.count("</span>")
    assert opened == closed
