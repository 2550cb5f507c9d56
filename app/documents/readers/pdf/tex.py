"""What the codes of TeX's mathematical fonts stand for where no glyph name says so: large operators and brackets,
which have names of their own, and hooks, which are halves of arrows."""

from __future__ import annotations

import re

_LARGE = {
    "(": (0x00, 0x10, 0x12, 0x20),
    ")": (0x01, 0x11, 0x13, 0x21),
    "[": (0x02, 0x14, 0x22, 0x68),
    "]": (0x03, 0x15, 0x23, 0x69),
    "{": (0x08, 0x1A, 0x28, 0x6E),
    "}": (0x09, 0x1B, 0x29, 0x6F),
    "⟨": (0x0A, 0x1C, 0x44),
    "⟩": (0x0B, 0x1D, 0x45),
    "|": (0x0C,),
    "‖": (0x0D,),
    "/": (0x0E, 0x1E, 0x2E),
    "∑": (0x50, 0x58),
    "∏": (0x51, 0x59),
    "∫": (0x52, 0x5A),
    "⋃": (0x53, 0x5B),
    "⋂": (0x54, 0x5C),
    "⋀": (0x56, 0x5E),
    "⋁": (0x57, 0x5F),
    "√": (0x70, 0x71, 0x72, 0x73, 0x74),
}
_EXTENSION = {code: text for text, codes in _LARGE.items() for code in codes}
# The fonts' own codes from 0x00 and 0x5B on; "" for what is a part of another sign: a slash that strikes out, a hook.
_SYMBOLS = {
    code: sign.strip("_")
    for start, signs in (
        (0x00, "− · × ∗ ÷ ⋄ ± ∓ ⊕ ⊖ ⊗ ⊘ ⊙ ◯ ∘ • ≍ ≡ ⊆ ⊇ ≤ ≥ ≼ ≽ ∼ ≈ ⊂ ⊃ ≪ ≫ ≺ ≻"),
        (0x20, "← → ↑ ↓ ↔ ↗ ↘ ≃ ⇐ ⇒ ⇑ ⇓ ⇔ ↖ ↙ ∝ ′ ∞ ∈ ∋ △ ▽ _ _ ∀ ∃ ¬ ∅ ℜ ℑ ⊤ ⊥ ℵ"),
        (0x5B, "∪ ∩ ⊎ ∧ ∨ ⊢ ⊣ ⌊ ⌋ ⌈ ⌉ { } ⟨ ⟩ | ‖ ↕ ⇕ \\ ≀ √ ⨿ ∇ ∫ ⊔ ⊓ ⊑ ⊒ § † ‡ ¶ ♣ ♢ ♡ ♠"),
    )
    for code, sign in enumerate(signs.split(), start)
}
_ITALIC = {
    code: sign.strip("_")
    for start, signs in (
        (
            0x00,
            "Γ Δ Θ Λ Ξ Π Σ Υ Φ Ψ Ω α β γ δ ϵ ζ η θ ι κ λ μ ν ξ π ρ σ τ υ φ χ ψ ω ε ϑ ϖ ϱ ς φ ↼ ↽ ⇀ ⇁ _ _ ▹ ◃",
        ),
        (0x3F, "⋆ ∂"),
        (0x5B, "♭ ♮ ♯ ⌣ ⌢ ℓ"),
        (0x7B, "ı ȷ ℘"),
    )
    for code, sign in enumerate(signs.split(), start)
}
_TABLES = (
    (re.compile(r"CMEX"), _EXTENSION),
    (re.compile(r"CMB?SY"), _SYMBOLS),
    (re.compile(r"CMMIB?\d"), _ITALIC),
)
_MATHEMATICAL = re.compile(
    r"^(?:CM(?:EX|B?SY|MI)|MS[AB]M|rsfs|stmary|wasy|Symbol|Wingdings|ZapfDingbats)", re.IGNORECASE
)


def tex_text(font: str, code: int) -> str | None:
    """What a code of the font (its name without a subset's prefix) stands for, "" for a part of a sign whose other part
    stands for both; None where it is not known."""
    for name, table in _TABLES:
        if name.match(font):
            return table.get(code)
    return None


def is_mathematical(font: str) -> bool:
    """Whether the codes of a font are not those of letters."""
    return _MATHEMATICAL.match(font) is not None
