"""The page in the browser. The only package that imports gradio.

Importing this package costs nothing and settles, before gradio is ever imported, that nothing phones home.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.models.loading import LoadReport
    from app.ui.loading import LoadEngine

__all__ = ["LoadEngine", "LoadReport", "launch_app"]

# Read by gradio and huggingface_hub when they are imported: usage statistics, version checks, share links, telemetry.
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    GRADIO_SHARE="False",
    GRADIO_SSR_MODE="False",
    GRADIO_MCP_SERVER="False",
    GRADIO_RUN_HISTORY="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    DO_NOT_TRACK="1",
)


def launch_app(load: LoadEngine, **options: Any) -> int:
    """Open the page at once, load the model meanwhile, and serve until told to end.

    `load(report)` is called in a thread of its own and returns the engine; `options` are those of
    :class:`app.ui.server.ServerOptions`. Returns the number of the signal that ended it, 0 where none did. Raises
    OSError where the port is taken.
    """
    from app.ui.server import PageServer, ServerOptions

    with PageServer(load, ServerOptions(**options)) as server:
        return server.serve()


def __getattr__(name: str) -> Any:
    if name in ("LoadEngine", "LoadReport"):
        from app.ui import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
