"""The MCP server through the SDK's own client, in memory, and once as a program over standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.mcp.tools import LibraryTools
from app.store import Store
from tests.app.chatting import World, pages

pytest.importorskip("mcp")

from mcp import Client, StdioServerParameters

from app.mcp.server import library_server

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The pump must not be opened before the pressure falls.\n\nThe valve is opened at two bar."


def called(world: World, work: Callable[[Client], Awaitable[None]]) -> int:
    """Run `work` with a client; returns how often the model was loaded."""
    loaded: list[int] = []

    def load() -> Any:
        loaded.append(1)
        return world.engine

    async def main(tools: LibraryTools) -> None:
        async with Client(library_server(tools)) as client:
            await work(client)

    with LibraryTools(Store(world.folder), load) as tools:
        asyncio.run(main(tools))
    return len(loaded)


async def result(client: Client, name: str, **arguments: Any) -> Any:
    answer = await client.call_tool(name, arguments)
    assert not answer.is_error, answer.content
    values = answer.structured_content
    return values["result"] if values is not None and set(values) == {"result"} else values


async def fault(client: Client, name: str, **arguments: Any) -> str:
    answer = await client.call_tool(name, arguments)
    assert answer.is_error
    return "".join(getattr(part, "text", "") for part in answer.content)


def test_the_tools_over_a_library(world: World, tmp_path: Path) -> None:
    manual = tmp_path / "manual.txt"
    manual.write_text(TEXT)

    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"list_documents", "add_document", "search", "page", "ask"}
        assert all(tool.description for tool in tools.values())
        added = await result(client, "add_document", path=str(manual))
        assert (added["name"], added["pages"]) == ("manual.txt", 1)
        assert [one["name"] for one in await result(client, "list_documents")] == ["manual.txt"]
        (place,) = await result(client, "search", query="pumps open")
        assert (place["document"], place["page"]) == ("manual.txt", 1) and "must not be opened" in place[
            "text"
        ]
        assert await result(client, "search", query="giraffe") == []
        page = await result(client, "page", document="manual.txt", number=1)
        assert page["text"] == TEXT and page["document_id"] == added["document_id"]
        assert "no document 'other'" in await fault(client, "page", document="other", number=1)
        assert "none of them" in await fault(client, "page", document="manual.txt", number=2)
        assert "missing.txt" in await fault(client, "add_document", path=str(tmp_path / "missing.txt"))
        assert "at least 1" in await fault(client, "search", query="pump", limit=0)

    assert called(world, work) == 0, "none of this needs the model"


def test_a_question_is_answered_with_quotations_and_read_once(world: World, tmp_path: Path) -> None:
    for name, text in (("pump.txt", TEXT), ("giraffe.txt", "Giraffes eat leaves of the acacia.")):
        (tmp_path / name).write_text(text)

    async def work(client: Client) -> None:
        for name in ("pump.txt", "giraffe.txt"):
            await result(client, "add_document", path=str(tmp_path / name))
        answer = await result(client, "ask", question="When is the valve opened?")
        assert {quote["filename"] for quote in answer["quotes"]} == {"pump.txt"}
        assert answer["found"] and answer["answer"] and answer["quotes"][0]["page"] == 1
        read = answer["tokens_read"]
        assert len(TEXT) <= read < len(TEXT) + 20
        world.counting.fed.clear()
        again = await result(client, "ask", question="When is the valve opened?", documents=["pump.txt"])
        assert again["answer"] == answer["answer"]
        assert all(bytes(i for i in ids if i < 256) != TEXT.encode() for ids in world.counting.fed)
        both = await result(client, "ask", question="Who eats?", documents=["pump.txt", "giraffe.txt"])
        assert both["tokens_read"] > read
        assert "no document 'cat.txt'" in await fault(client, "ask", question="Why?", documents=["cat.txt"])
        assert "empty" in await fault(client, "ask", question=" ", documents=["pump.txt"])
        assert "name documents" in await fault(client, "ask", question="Zebra?")

    assert called(world, work) == 1
    assert world.engine is not None


def test_without_reading_first_it_answers_from_what_is_looked_up(world: World) -> None:
    world.document("long.txt", pages(20, seed=4))

    async def work(client: Client) -> None:
        answer = await result(
            client, "ask", question="When is the pump opened?", documents=["long.txt"], read_first=False
        )
        assert answer["quotes"] and answer["tokens_read"] < 6000

    called(world, work)


def test_the_program_speaks_over_its_standard_input_and_output(tmp_path: Path) -> None:
    (tmp_path / "manual.txt").write_text(TEXT)
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "app", "mcp", "--data-dir", str(tmp_path / "data"), "--offline"],
        cwd=ROOT,
        env=dict(os.environ),
    )

    async def main() -> None:
        async with Client(command) as client:
            added = await result(client, "add_document", path=str(tmp_path / "manual.txt"))
            assert added["pages"] == 1
            assert "must not" in (await result(client, "page", document="manual.txt", number=1))["text"]

    asyncio.run(main())
    assert (tmp_path / "data" / "store.sqlite3").is_file()
