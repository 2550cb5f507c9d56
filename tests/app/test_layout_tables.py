"""Tables: cells under their headings, ruled or not; what merely has gaps is none."""

from __future__ import annotations

from array import array

from app.documents.readers.pdf.layout import lay_out
from tests.app.layout_support import BOLD, CODE, Sheet, texts, wrapped

PROSE = (
    "The torque depends on the state of the bolt: a dry one takes more than one that was oiled, and a bolt that was "
    "used before must never be given the torque of a new one, because its thread has given way already."
)
HEAD = ["Bolt", "Dry", "Oiled", "Reused"]
XS = (60.0, 160.0, 260.0, 360.0)


def test_empty_cells_keep_their_place() -> None:
    sheet = Sheet().lines(wrapped(PROSE, 90), 60, 60).row(HEAD, XS, 110)
    sheet.row(["M6", "10", "", "8"], XS, 124).row(["M8", "", "22", "19"], XS, 138).row(
        ["M10", "48", "41", ""], XS, 152
    )
    sheet.lines(wrapped(PROSE, 90), 60, 190)
    assert texts(sheet.blocks()) == [
        PROSE,
        "| Bolt | Dry | Oiled | Reused |\n|---|---|---|---|",
        "| M6 | 10 |  | 8 |",
        "| M8 |  | 22 | 19 |",
        "| M10 | 48 | 41 |  |",
        PROSE,
    ]


def test_cells_of_several_lines_in_a_grid() -> None:
    sheet = Sheet()
    edges = (60.0, 160.0, 300.0, 500.0)
    heights = (100.0, 118.0, 148.0, 178.0)
    for x in edges:
        sheet.rule(x, heights[0], x, heights[-1])
    for y in heights:
        sheet.rule(edges[0], y, edges[-1], y)
    sheet.row(["Part", "State", "What to do"], (64, 164, 304), 112)
    sheet.row(["Valve", "dry and", "oil it, wait an hour and"], (64, 164, 304), 130)
    sheet.row(["", "stiff", "turn it by hand"], (64, 164, 304), 142)
    sheet.row(["Pump|seal", "", "replace every"], (64, 164, 304), 160)
    sheet.row(["", "", "year"], (64, 164, 304), 172)
    assert texts(sheet.blocks(), "table_row") == [
        "| Part | State | What to do |\n|---|---|---|",
        "| Valve | dry and stiff | oil it, wait an hour and turn it by hand |",
        "| Pump\\|seal |  | replace every year |",
    ]


def test_wrapped_cells_without_rules() -> None:
    sheet = Sheet()
    xs = (60.0, 160.0, 260.0)
    sheet.row(["Name", "Size", "Description"], xs, 100)
    sheet.row(["bash", "7163", "the shell that most people use for work"], xs, 114)
    sheet.row(["", "", "and for scripts of their own"], xs, 126)
    sheet.row(["dash", "191", "a small and quick shell for the system"], xs, 140)
    sheet.row(["zsh", "2436", "a shell that has many more features"], xs, 154)
    assert texts(sheet.blocks(), "table_row") == [
        "| Name | Size | Description |\n|---|---|---|",
        "| bash | 7163 | the shell that most people use for work and for scripts of their own |",
        "| dash | 191 | a small and quick shell for the system |",
        "| zsh | 2436 | a shell that has many more features |",
    ]


def test_a_head_that_goes_over_two_columns() -> None:
    sheet = Sheet()
    sheet.row(["Bolt", "Torque in newton metres", ""], (60, 160, 360), 100)
    sheet.row(["", "Dry", "Oiled"], (60, 170, 250), 114)
    for number, (name, dry, oiled) in enumerate((("M6", "10", "8"), ("M8", "25", "22"), ("M10", "48", "41"))):
        sheet.row([name, dry, oiled], (60, 170, 250), 128 + 14 * number)
    assert texts(sheet.blocks(), "table_row")[-2:] == ["| M8 | 25 | 22 |", "| M10 | 48 | 41 |"]


def test_prose_with_gaps_is_no_table() -> None:
    sheet = Sheet()
    for row, line in enumerate(wrapped(PROSE, 80)):
        words = line.split()
        sheet.put(" ".join(words[:5]), 60, 100 + 12 * row)
        sheet.put(" ".join(words[5:]), 60 + 5 * len(" ".join(words[:5])) + 11 + row, 100 + 12 * row)
    assert not texts(sheet.blocks(), "table_row")


def test_code_and_contents_are_no_tables() -> None:
    sheet = Sheet()
    for row in range(5):
        sheet.put(f"x{row}", 60, 100 + 12 * row, font=CODE).put(f"= {row}", 100, 100 + 12 * row, font=CODE)
    for row in range(4):
        sheet.put(f"Chapter {row} . . . . . . . . . . . . . . . .", 60, 300 + 14 * row).put(
            f"{9 * row}", 500, 300 + 14 * row
        )
    blocks = sheet.blocks()
    assert not texts(blocks, "table_row")
    assert "x1      = 1\nx2      = 2" in texts(blocks, "code")[0]
    assert "Chapter 2 … 18" in "\n".join(texts(blocks))


def test_a_list_of_terms_is_a_list() -> None:
    sheet = Sheet()
    terms = {"iconv": PROSE, "Rprof": "is there support for profiling, and was it built in?", "cairo": PROSE}
    y = 100.0
    for term, meaning in terms.items():
        sheet.put(term, 60, y)
        for line in wrapped(meaning, 70):
            sheet.put(line, 120, y)
            y += 12
    assert texts(sheet.blocks(), "list_item") == [f"{term} {meaning}" for term, meaning in terms.items()]


def test_two_tables_under_rules_of_one_width_with_text_between() -> None:
    sheet = Sheet()
    for start in (100.0, 260.0):
        for y in (0, 18, 64):
            sheet.rule(60, start + y, 500, start + y)
        sheet.row(HEAD, XS, start + 13)
        sheet.row(["M6", "10", "", "8"], XS, start + 32).row(["M8", "", "22", "19"], XS, start + 46)
        sheet.row(["M10", "48", "41", ""], XS, start + 60)
    sheet.lines(wrapped(PROSE, 88), 60, 200)
    kinds = [block.kind for block in sheet.blocks()]
    assert kinds == ["table_row"] * 4 + ["paragraph"] + ["table_row"] * 4


def test_a_table_goes_on_over_the_pages_end() -> None:
    first = Sheet().row(HEAD, XS, 700)
    second = Sheet()
    for number in range(5):
        first.row([f"M{number}", str(number), "7" * (number % 2), "8"], XS, 714 + 14 * number)
        second.row([f"M{number + 9}", str(number), "7" * (number % 2), "8"], XS, 60 + 14 * number)
    pages = list(lay_out([first.page, second.page]))
    assert pages[0][-1].continues
    assert pages[1][0].text == "| M9 | 0 |  | 8 |"


def test_cells_that_stand_close_and_a_head_whose_words_are_centred() -> None:
    sheet = Sheet().put("Name Mass State", 80, 100, font=BOLD)
    xs = (60.0, 110.0, 150.0)
    sheet.put("backward 97", 60, 114).put(
        "gains", 150, 114
    )  # one fragment: "97" stands where the others' masses do
    sheet.page.fragments[-2].extents[18:] = array("d", (110, 115, 115, 120))
    sheet.row(["is", "57", "test"], xs, 128).row(["the", "59", ""], xs, 142).row(
        ["likely", "55", "begin"], xs, 156
    )
    assert texts(sheet.blocks()) == [
        "| Name | Mass | State |\n|---|---|---|",
        "| backward | 97 | gains |",
        "| is | 57 | test |",
        "| the | 59 |  |",
        "| likely | 55 | begin |",
    ]


def test_text_that_runs_into_the_next_cell_stays_in_its_own() -> None:
    sheet = Sheet()
    for number, (path, what) in enumerate(
        [
            ("file", "content"),
            ("/var/lib/names.conffiles", "list of files"),
            ("/var/lib/x.list", "list of names"),
        ]
    ):
        y = 100 + 14 * number
        sheet.put(path, 62, y).put(what, 172, y)
        sheet.rule(60, y + 4, 400, y + 4.4)
    sheet.rule(60, 86, 400, 86.4).rule(169, 86, 169.4, 132.4)

    assert texts(sheet.blocks()) == [
        "| file | content |\n|---|---|",
        "| /var/lib/names.conffiles | list of files |",
        "| /var/lib/x.list | list of names |",
    ]


def test_lines_of_several_short_cells_between_two_rules_are_rows() -> None:
    sheet = Sheet()
    rows = [("Name", "Setting", "Shape"), ("alpha", "Wide", "A"), ("", "Wider", "B"), ("beta", "Narrow", "C")]
    for number, row in enumerate(rows):
        sheet.row(row, (60, 200, 340), 100 + 14 * number)
    for y in (86, 104, 132, 146):
        sheet.rule(58, y, 480, y + 0.4)
    for x in (58, 190, 330, 480):
        sheet.rule(x, 86, x + 0.4, 146)

    assert texts(sheet.blocks()) == [
        "| Name | Setting | Shape |\n|---|---|---|",
        "| alpha | Wide | A |",
        "|  | Wider | B |",
        "| beta | Narrow | C |",
    ]


def test_names_in_alphabetical_order_across_columns_are_one_table() -> None:
    names = [
        "Adam",
        "Bruno",
        "Carla",
        "Dora",
        "Emil",
        "Frida",
        "Georg",
        "Hanna",
        "Ida",
        "Jan",
        "Karl",
        "Lena",
    ]
    names += [
        "Max",
        "Nora",
        "Otto",
        "Paula",
        "Quirin",
        "Rosa",
        "Stefan",
        "Tilda",
        "Udo",
        "Vera",
        "Willi",
        "Zoe",
    ]
    sheet = Sheet()
    for number in range(8):
        sheet.row(
            [f"{name} Ek" for name in names[3 * number : 3 * number + 3]], (60, 225, 390), 100 + 14 * number
        )

    found = texts(sheet.blocks())
    assert found[0].startswith("| Adam Ek | Bruno Ek | Carla Ek |")
    assert found[-1] == "| Vera Ek | Willi Ek | Zoe Ek |"


def test_rules_between_the_rows_alone_leave_no_row_outside() -> None:
    sheet = Sheet().lines(wrapped(PROSE, 88), 60, 60)
    rows = [
        HEAD,
        ["M6", "10", "", "8"],
        ["M8", "24", "22", "19"],
        ["M10", "48", "41", ""],
        ["M12", "80", "70", "61"],
    ]
    for number, row in enumerate(rows):
        sheet.row(row, XS, 120 + 18 * number)
        if number:
            sheet.rule(60, 107 + 18 * number, 420, 107.4 + 18 * number)
    sheet.lines(wrapped(PROSE, 88), 60, 230)
    assert texts(sheet.blocks()) == [
        PROSE,
        "| Bolt | Dry | Oiled | Reused |\n|---|---|---|---|",
        "| M6 | 10 |  | 8 |",
        "| M8 | 24 | 22 | 19 |",
        "| M10 | 48 | 41 |  |",
        "| M12 | 80 | 70 | 61 |",
        PROSE,
    ]
