"""What the control words of RTF mean, as far as they matter to the text."""

from __future__ import annotations

import re

from app.documents.model import BlockKind

# A control word with its number, a byte in hexadecimal, a control sign, a brace, letters, or an end of line.
TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([\s\S])|([{}])|([^\\{}\r\n]+)|[\r\n]+"
)

LETTERS = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ", "qmspace": " ",
    "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "zwj": "\u200d",
    "zwnj": "\u200c",
}  # fmt: skip
SIGNS = {"~": " ", "_": "-", "-": "", "\n": "\n", "\r": "\n", "{": "{", "}": "}", "\\": "\\"}

# Groups that are no text of the page.
SKIPPED = frozenset((
    "colortbl", "info", "listtable", "listoverridetable", "rsidtbl", "generator", "themedata", "colorschememapping",
    "datastore", "latentstyles", "filetbl", "revtbl", "xmlnstbl", "pgptbl", "ftnsep", "ftnsepc", "ftncn", "aftnsep",
    "aftnsepc", "aftncn", "nonshppict", "bkmkstart", "bkmkend", "object", "objdata", "xe", "tc", "txe", "rxe",
    "template", "operator", "author", "title", "subject", "keywords", "doccomm", "comment", "company", "manager",
    "category", "hlinkbase", "creatim", "revtim", "printim", "buptim", "datafield", "formfield", "sp", "sn", "sv",
    "background", "mmathPr", "nesttableprops", "nonesttables", "pn", "atnid", "atnref", "atntime", "atndate",
    "atnparent", "atnicn", "atrfstart", "atrfend",
))  # fmt: skip
# Groups that are read although a star says that they may be left out.
KNOWN = frozenset(
    ["fldinst", "annotation", "atnauthor", "shppict", "shpinst", "shptxt", "footnote", "listtext", "cs"]
)
# Groups that stand elsewhere on the page.
ASIDE: dict[str, BlockKind] = {
    "footnote": "footnote", "annotation": "comment", "header": "header", "headerl": "header", "headerr": "header",
    "headerf": "header", "footer": "footer", "footerl": "footer", "footerr": "footer", "footerf": "footer",
}  # fmt: skip

CODE_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850", "ansi": "cp1252"}
CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
