"""Makes the reference of `ahn_core` from its docstrings, as HTML: `python docs/make_reference.py [FOLDER]`.

Needs pdoc (the extra `docs`). Nothing is fetched.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pdoc

import ahn_core


def main(folder: Path) -> None:
    """Write `index.html`, `ahn_core.html` and the search's index into `folder`."""
    for name in ahn_core.__all__:  # they are imported when they are asked for, and pdoc does not ask
        setattr(ahn_core, name, getattr(ahn_core, name))
    pdoc.render.configure(docformat="markdown", show_source=True)
    pdoc.pdoc("ahn_core", "!ahn_core.", output_directory=folder)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "reference")
    main(target)
    print(f"The reference is in {target / 'ahn_core.html'}.")
