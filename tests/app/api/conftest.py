"""The API over a tiny model, on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from app.api import ApiOptions
from app.commands.serve import ApiServer
from tests.app.chatting import World

KEY = "a-key-for-these-tests"


class ApiWorld(World):
    """A world with a server over its engine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        options = ApiOptions(KEY, folder, conversations=2, documents=2, waiting=1, max_upload_bytes=100_000)
        self.server = ApiServer(lambda report: self.engine, options)
        self.server.start()
        assert self.server.loader.wait(20)
        # The environment of whoever runs the tests may name a proxy.
        self.http = httpx.Client(
            base_url=self.server.origin,
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
            timeout=30,
        )
        self.client = openai.OpenAI(
            base_url=f"{self.server.origin}/v1",
            api_key=KEY,
            max_retries=0,
            timeout=30,
            http_client=openai.DefaultHttpxClient(trust_env=False),
        )

    def close(self) -> None:
        self.counting.before = lambda ids: None
        self.client.close()
        self.http.close()
        self.server.close()


@pytest.fixture(scope="module")
def module_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    import torch

    torch.set_num_threads(1)
    world = ApiWorld(tmp_path_factory.mktemp("api"))
    yield world
    world.close()


@pytest.fixture
def api(module_world: ApiWorld) -> Iterator[ApiWorld]:
    """The same server for all tests of a module; each begins without what another test fed."""
    module_world.counting.before = lambda ids: None
    module_world.counting.fed.clear()
    yield module_world
    module_world.counting.before = lambda ids: None
