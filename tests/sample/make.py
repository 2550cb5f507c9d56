"""Make the sample document of the product out of `handbook.md`: `python -m tests.sample.make` (needs fpdf2)."""

from __future__ import annotations

import datetime
from pathlib import Path

from fpdf import FPDF

SOURCE = Path(__file__).with_name("handbook.md")
SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "sample" / "lighthouse-keepers-handbook.pdf"


class _Handbook(FPDF):
    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("Times", "I", 10)
        self.cell(0, 8, f"The Lighthouse Keeper's Handbook - page {self.page_no()}", align="C")


def make(path: Path) -> None:
    """Write the PDF; the same source always gives the same bytes."""
    pdf = _Handbook(format="A4")
    pdf.set_creation_date(datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc))
    pdf.set_title("The Lighthouse Keeper's Handbook")
    pdf.set_lang("en-GB")
    pdf.set_margins(28, 24, 28)
    pdf.set_auto_page_break(True, margin=24)
    pdf.add_page()
    for block in SOURCE.read_text(encoding="utf-8").strip().split("\n\n"):
        if block.startswith("# "):
            if pdf.get_y() > 230 or (block[2].isdigit() and pdf.get_y() > 200):
                pdf.add_page()
            _heading(pdf, block[2:], 18, 8)
        elif block.startswith("## "):
            if pdf.get_y() > 245:
                pdf.add_page()
            _heading(pdf, block[3:], 13, 4)
        elif block.startswith("| "):
            _table(pdf, [row.strip("| ").split(" | ") for row in block.split("\n")])
        else:
            pdf.set_font("Times", size=12)
            pdf.multi_cell(
                0, 6.6, block.replace("*", "__"), align="L", markdown=True, new_x="LMARGIN", new_y="NEXT"
            )
            pdf.ln(2.5)
    pdf.output(str(path))


def _heading(pdf: FPDF, text: str, size: float, space: float) -> None:
    if pdf.get_y() > pdf.t_margin:
        pdf.ln(space)
    pdf.start_section(text, level=0 if size > 15 else 1)
    pdf.set_font("Times", "B", size)
    pdf.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(2)


def _table(pdf: FPDF, rows: list[list[str]]) -> None:
    pdf.set_font("Times", size=11)
    with pdf.table(
        col_widths=(5, 4, 4), borders_layout="HORIZONTAL_LINES", line_height=6.5, align="LEFT"
    ) as table:
        for row in rows:
            table.row(row)
    pdf.ln(3)


if __name__ == "__main__":
    make(SAMPLE)
