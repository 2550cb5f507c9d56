"""How a model of the hub is named: `owner/name`, with `@commit` and `:file.gguf` where they are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_NAME = r"[A-Za-z0-9][\w.-]*"
_REFERENCE = re.compile(
    rf"(?P<repository>{_NAME}/{_NAME}?)(?:@(?P<revision>[\w./-]+))?(?::(?P<gguf>[^/:]+\.gguf))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reference:
    """A repository of the hub; `revision` None: the newest one. `gguf_file`: the file wanted of several, or none."""

    repository: str
    revision: str | None = None
    gguf_file: str | None = None

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{self.repository}{revision}{f':{self.gguf_file}' if self.gguf_file else ''}"


def parse_reference(text: str) -> Reference | None:
    """A name of the hub; None where it is none, or names a file or folder that is here."""
    path = Path(text).expanduser()
    if text.startswith((".", "~", "/")) or path.exists():
        return None
    found = _REFERENCE.fullmatch(text)
    if found is None:
        return None
    return Reference(found["repository"], found["revision"], found["gguf"])
