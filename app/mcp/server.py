"""The tools of `app.mcp.tools` in the Model Context Protocol, by its official SDK (the extra `mcp`)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from app import __version__
from app.api.client import Events
from app.api.marks import extension
from app.conversation.events import AnswerCancelled, AnswerFailed, AnswerFinished, ChatEvent, Waiting
from app.mcp.tools import LibraryTools, PageText, Place, ToolFault
from app.store import Document

INSTRUCTIONS = (
    "Documents on this computer, of any length. add_document reads a file into the library; search finds places by "
    "words; page shows a page word for word; ask has a local model answer from documents, with quotations and pages. "
    "Quotations are the documents' own words; the model's words may be wrong."
)


def library_server(tools: LibraryTools) -> MCPServer[Any]:
    """The server; `run("stdio")` serves it."""
    server: MCPServer[Any] = MCPServer(
        "ahn-chat", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING"
    )

    @server.tool()
    async def list_documents() -> list[dict[str, Any]]:
        """The documents of the library, the one added last first."""
        return [_values(document) for document in await asyncio.to_thread(tools.documents)]

    @server.tool()
    async def add_document(path: str) -> dict[str, Any]:
        """Read a file of this computer into the library: PDF, Word, EPUB, HTML, Markdown, plain text and others."""
        return _values(await _told(asyncio.to_thread(tools.add, path)))

    @server.tool()
    async def search(query: str, documents: list[str] | None = None, limit: int = 10) -> list[Place]:
        """Places in the library where words stand, in any of their forms; "in quotation marks" in this order.

        documents: names or ids; leave it out to search all.
        """
        return await _told(asyncio.to_thread(tools.search, query, documents or [], limit))

    @server.tool()
    async def page(document: str, number: int) -> PageText:
        """The text of one page, word for word. document: a name or an id. number: from 1."""
        return await _told(asyncio.to_thread(tools.page, document, number))

    @server.tool()
    async def ask(
        question: str, context: Context[Any], documents: list[str] | None = None, read_first: bool = True
    ) -> dict[str, Any]:
        """Have the local model answer a question from documents, with quotations, their pages, and checks.

        documents: names or ids; left out, those where the question's words are found best. read_first: the model reads
        them once, which takes minutes for hundreds of pages and seconds from then on; false answers at once from what
        is looked up.
        """
        lease, stream = await _told(asyncio.to_thread(tools.ask, question, documents or [], read_first))
        events: Events[ChatEvent] = Events(stream)
        events.when_ended(lambda: tools.give_back(lease))
        try:
            async for event in events:
                if isinstance(event, Waiting) and event.reading is not None:
                    reading = event.reading
                    await context.report_progress(
                        reading.tokens_done, reading.tokens_total, f"Reading {reading.name}"
                    )
                elif isinstance(event, AnswerFinished):
                    return extension(event.turn, lease.chat.settings.memory)
                elif isinstance(event, AnswerFailed):
                    raise ToolError(event.message)
                elif isinstance(event, AnswerCancelled):
                    break
        finally:
            events.stop()  # where the client has called it off
        raise ToolError("The answer was stopped before its first word; ask again.")

    return server


async def _told(work: Any) -> Any:
    """The result of a tool, its faults as the protocol has them."""
    try:
        return await work
    except ToolFault as error:
        raise ToolError(str(error)) from error


def _values(document: Document) -> dict[str, Any]:
    values = asdict(document)
    return {
        "document_id": document.id,
        "name": document.name,
        "pages": document.page_count,
        **{name: values[name] for name in ("kind", "unit", "characters")},
        "pages_without_text": list(document.pages_without_text),
        "warnings": list(document.warnings),
    }
