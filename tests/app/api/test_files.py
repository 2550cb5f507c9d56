"""Files, completions and the lines of docs/api.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.app.api.conftest import KEY, ApiWorld
from tests.app.chatting import pages, wait_until

DOCS = Path(__file__).resolve().parents[3] / "docs" / "api.md"
TEXT = "The pump must not be opened.\n\nThe valve is opened at two bar."


def test_a_file_is_a_document_of_the_library(api: ApiWorld) -> None:
    files = api.client.files
    added = files.create(file=("notes.txt", TEXT.encode()), purpose="user_data")
    assert (added.filename, added.status, added.bytes) == ("notes.txt", "processed", len(TEXT))
    assert api.library.get(added.id.removeprefix("file-")).name == "notes.txt"
    assert files.create(file=("notes.txt", TEXT.encode()), purpose="assistants").id == added.id
    assert files.retrieve(added.id).to_dict() == added.to_dict()
    assert files.content(added.id).text == TEXT
    second = files.create(file=("more.txt", b"More words."), purpose="user_data")
    assert [file.id for file in files.list(limit=1)] == [second.id, added.id], "the client turns the pages"
    assert [file.id for file in files.list(order="asc")] == [added.id, second.id]
    for file in (added, second):
        assert files.delete(file.id).deleted
    assert list(files.list()) == [] == api.library.list()
    with pytest.raises(openai.NotFoundError) as missing:
        files.retrieve(added.id)
    assert missing.value.code == "file_not_found"


def test_a_file_in_use_by_an_open_conversation_can_be_deleted_and_added_again(api: ApiWorld) -> None:
    def ask() -> Any:
        file = api.client.files.create(file=("used.txt", "\n\n".join(pages(4)).encode()), purpose="user_data")
        part = [{"type": "file", "file": {"file_id": file.id}}, {"type": "text", "text": "Why?"}]
        return file, api.client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": part}], max_tokens=4
        )

    file, first = ask()
    api.client.files.delete(file.id)
    again, second = ask()
    assert again.id == file.id and second.ahn["answer"] == first.ahn["answer"]
    assert second.usage.prompt_tokens_details.cached_tokens == 0, "nothing of a deleted document was kept"
    api.client.files.delete(file.id)


def test_what_cannot_be_read_is_not_added(api: ApiWorld) -> None:
    for content, status in ((b"", 400), (b"\x00\x01\x02" * 50, 400), (b"x" * 400_000, 413)):
        with pytest.raises(openai.APIStatusError) as refused:
            api.client.files.create(file=("bad.txt", content), purpose="user_data")
        assert refused.value.status_code == status, refused.value
    assert api.http.post("/v1/files", data={"purpose": "user_data"}).json()["error"]["param"] == "file"
    assert api.http.post("/v1/files", content=b"no form").status_code == 400
    assert api.library.list() == []


def test_a_file_that_announces_no_length_is_refused_in_the_same_words(api: ApiWorld) -> None:
    def form() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        for _ in range(20):
            yield b"a" * 10_000
        yield b"\r\n--x--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    response = api.http.post("/v1/files", content=form(), headers=kind)
    assert response.status_code == 413 and "--max-upload-mb" in response.json()["error"]["message"]


def test_a_client_that_leaves_while_it_sends_is_no_error(
    api: ApiWorld, caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{api.server.port}\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.server.port)) as connection:
        connection.sendall(head.encode() + b"{")
    wait_until(lambda: 'path="/v1/chat/completions",status="499"' in api.http.get("/metrics").text)
    api.http.get("/health")  # the server has gone on since
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_documents_out_of_messages_are_bounded(api: ApiWorld) -> None:
    own = api.client.files.create(file=("own.txt", TEXT.encode()), purpose="user_data")
    for number in range(4):
        data = {"filename": f"inside {number}.txt", "file_data": f"data:text/plain,Words%20of%20{number}."}
        part = [{"type": "file", "file": data}, {"type": "text", "text": "Why?"}]
        api.client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": part}], max_tokens=2
        )
    names = {document.name for document in api.library.list()}
    assert "own.txt" in names and "inside 3.txt" in names and "inside 0.txt" not in names
    kept = json.loads((api.folder / "api-documents.json").read_text())
    # Two, and those that an open conversation still has.
    assert len(kept) == len(names) - 1 <= 3
    assert (api.folder / "api-documents.json").stat().st_mode & 0o077 == 0 or os.name != "posix"
    api.client.files.delete(own.id)


def test_a_completion_goes_on_with_a_text(api: ApiWorld) -> None:
    def complete(**more: Any) -> Any:
        return api.client.completions.create(
            **{"model": "tiny", "prompt": "The pump", "max_tokens": 6, **more}
        )  # type: ignore[call-overload]

    whole = complete(logprobs=2)
    choice = whole.choices[0]
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (8, 6)
    assert choice.finish_reason == "length" and len(choice.logprobs.token_logprobs) == 6
    assert choice.logprobs.text_offset[0] == 0 and all(choice.logprobs.top_logprobs)
    assert complete(prompt=api.tokenizer.encode("The pump")).choices[0].text == choice.text
    pieces = list(complete(stream=True, stream_options={"include_usage": True}))
    assert "".join(piece.choices[0].text for piece in pieces if piece.choices) == choice.text
    assert pieces[-1].usage == whole.usage
    assert len(api.client.completions.create(model="tiny", prompt="The pump").choices[0].text) > 0
    for changes in ({"echo": True}, {"suffix": "."}, {"best_of": 2}, {"prompt": ["a", "b"]}, {"prompt": ""}):
        with pytest.raises(openai.BadRequestError):
            complete(**changes)
    wait_until(lambda: "ahn_chat_requests_running 0.0" in api.http.get("/metrics").text)


def test_an_error_that_nobody_foresaw_has_the_form_of_the_protocol(
    api: ApiWorld, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(ids: list[int]) -> None:
        raise RuntimeError("the device is gone")

    api.counting.before = broken
    with pytest.raises(openai.InternalServerError, match="An error in AHN Chat ended this request"):
        api.client.completions.create(model="tiny", prompt="The pump")
    with pytest.raises(openai.APIError, match="An error in AHN Chat ended this request"):
        list(api.client.completions.create(model="tiny", prompt="The pump", stream=True))
    assert caplog.text.count("RuntimeError: the device is gone") == 2, "the details are in the log"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def as_documented(api: ApiWorld, tmp_path: Path) -> dict[str, str]:
    """The environment that docs/api.md begins with, in a folder with a manual."""
    (tmp_path / "manual.txt").write_text(TEXT)
    (tmp_path / ".local/share/ahn-chat").mkdir(parents=True)
    (tmp_path / ".local/share/ahn-chat/api-key").write_text(KEY)
    keys = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_PROXY": "*", "no_proxy": "*"}
    return {**keys, "AHN_API": f"{api.server.origin}/v1", "AHN_KEY": KEY}


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")
def test_the_curl_lines_of_the_docs(api: ApiWorld, as_documented: dict[str, str], tmp_path: Path) -> None:
    first, *others = blocks("sh")
    assert "export AHN_API=http://127.0.0.1:7860/v1" in first
    # The key is where the docs say; the port is this test's.
    head = first.replace("export AHN_API=http://127.0.0.1:7860/v1\n", "")
    said = []
    for lines in others:
        done = subprocess.run(
            ["bash", "-euc", head + lines], env=as_documented, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout and '"error"' not in done.stdout, done.stdout
        said.append(done.stdout)
    models, added, answered, streamed, completed, rest = said
    assert json.loads(models)["data"][0]["id"] == "tiny"
    assert json.loads(added)["filename"] == "manual.txt"
    assert json.loads(answered)["ahn"]["tokens_read"] > len(TEXT)
    assert streamed.rstrip().endswith("data: [DONE]") and '"usage"' in streamed
    assert json.loads(completed)["choices"][0]["logprobs"]["tokens"]
    assert '"deleted":true' in rest and '{"status":"ok"}' in rest and "ahn_chat_requests_total" in rest
    assert TEXT in rest


def test_the_python_lines_of_the_docs(
    api: ApiWorld, as_documented: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in as_documented.items():
        monkeypatch.setenv(name, value)
    (code,) = blocks("python")
    values: dict[str, Any] = {}
    exec(compile(code, str(DOCS), "exec"), values)
    usage = values["second"].usage
    assert usage.prompt_tokens_details.cached_tokens > usage.prompt_tokens / 3
    values["client"].close()
