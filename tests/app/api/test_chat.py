"""Chat completions, through the official client: answers, streams, caches, limits and refusals."""

from __future__ import annotations

import base64
import json
import math
import re
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.app.api.conftest import KEY, ApiWorld
from tests.app.chatting import Gate, pages, wait_until
from tests.pdfs import make_pdf

Messages = list[dict[str, Any]]
PLAIN: dict[str, Any] = {
    "extra_body": {"ahn": {"recall": False}},
    "model": "tiny",
    "max_completion_tokens": 8,
}


def question(text: str, *files: dict[str, str]) -> dict[str, Any]:
    return {
        "role": "user",
        "content": [*({"type": "file", "file": file} for file in files), {"type": "text", "text": text}],
    }


def kept(api: ApiWorld, name: str, seed: int) -> dict[str, str]:
    """A document of the library."""
    return {"file_id": "file-" + api.document(name, pages(8, seed=seed))}


def ask(api: ApiWorld, messages: Messages, **more: Any) -> Any:
    return api.client.chat.completions.create(messages=messages, **{**PLAIN, **more})  # type: ignore[call-overload]


def going_on(messages: Messages, answer: str, text: str) -> Messages:
    return [*messages, {"role": "assistant", "content": answer}, {"role": "user", "content": text}]


def figure(api: ApiWorld, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", api.http.get("/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_an_answer_with_counts(api: ApiWorld) -> None:
    answer = ask(api, [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}])
    choice = answer.choices[0]
    assert (choice.finish_reason, choice.message.role) == ("length", "assistant")
    assert answer.usage.completion_tokens == 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 8
    assert api.counting.tokens_fed() == answer.usage.total_tokens
    assert answer.usage.prompt_tokens_details.cached_tokens == 0
    assert answer.model == "tiny" and answer.ahn["answer"] == choice.message.content


def test_a_conversation_reads_its_document_once(api: ApiWorld) -> None:
    messages: Messages = [question("Why?", kept(api, "pump.txt", 1))]
    first = ask(api, messages)
    assert api.counting.tokens_fed() > 2400
    for text in ("How?", "When is it opened?"):
        messages = going_on(messages, first.choices[0].message.content, text)
        api.counting.fed.clear()
        first = ask(api, messages)
        cached = first.usage.prompt_tokens_details.cached_tokens
        assert api.counting.tokens_fed() == first.usage.total_tokens - cached
        assert first.usage.total_tokens - cached < 80, "a few dozen tokens"


def test_answering_again_and_editing_go_back_in_the_same_conversation(api: ApiWorld) -> None:
    start: Messages = [question("Why?", kept(api, "valve.txt", 2))]
    first = ask(api, start)
    longer = going_on(start, first.choices[0].message.content, "How?")
    second = ask(api, longer)
    api.counting.fed.clear()
    assert ask(api, longer).choices[0].message.content == second.choices[0].message.content
    edited = going_on(start, first.choices[0].message.content, "Where then?")
    other = ask(api, edited)
    assert api.counting.tokens_fed() < 200
    assert other.usage.prompt_tokens == second.usage.prompt_tokens + len("Where then?") - len("How?")


def test_a_conversation_that_was_closed_reads_its_turns_but_no_document(api: ApiWorld) -> None:
    messages: Messages = [question("Why?", kept(api, "bar.txt", 3))]
    first = ask(api, messages)
    for text in ("One", "Two"):  # as many as are kept open
        ask(api, [{"role": "user", "content": text}])
    api.counting.fed.clear()
    second = ask(api, going_on(messages, first.choices[0].message.content, "How?"))
    assert api.counting.tokens_fed() < 200
    assert second.usage.prompt_tokens_details.cached_tokens > 2400
    assert figure(api, "ahn_chat_conversations_open") <= 2


def test_a_stream_says_what_an_answer_at_once_says(api: ApiWorld) -> None:
    messages: Messages = [question("Why?", kept(api, "flow.txt", 4))]
    at_once = ask(api, messages)
    pieces = list(ask(api, messages, stream=True, stream_options={"include_usage": True}))
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == at_once.ahn["answer"]
    assert [p.choices[0].finish_reason for p in pieces if p.choices][-1] == "length"
    assert pieces[-1].choices == [] and pieces[-1].usage.completion_tokens == 8
    assert {p.id for p in pieces} == {pieces[0].id}
    # And the conversation goes on from what was streamed.
    api.counting.fed.clear()
    ask(api, going_on(messages, at_once.ahn["answer"], "How?"))
    assert api.counting.tokens_fed() < 80


def test_a_document_may_come_later_in_a_conversation(api: ApiWorld) -> None:
    first = kept(api, "first.txt", 11)
    messages: Messages = [question("Why?", first)]
    answer = ask(api, messages)
    messages = going_on(messages, answer.choices[0].message.content, "")
    messages[-1] = question("And in this one?", kept(api, "second.txt", 12))
    api.counting.fed.clear()
    answer = ask(api, messages)
    assert 2400 < api.counting.tokens_fed() < 2800, "the second one, and the turn before"
    assert answer.usage.prompt_tokens_details.cached_tokens > 2300
    assert answer.ahn["tokens_read"] > 4800


def test_two_conversations_about_one_document_do_not_disturb_each_other(api: ApiWorld) -> None:
    file = kept(api, "shared.txt", 13)
    both: list[Messages] = [[question("Why?", file)], [question("Who?", file)]]
    for text in ("How?", "Where?"):
        for number, messages in enumerate(both):
            said = ask(api, messages).choices[0].message.content
            both[number] = going_on(messages, said, text)
    api.counting.fed.clear()
    for messages in both:
        assert ask(api, messages).usage.prompt_tokens_details.cached_tokens > 2400
    assert api.counting.tokens_fed() < 160


def test_a_waiting_client_is_told_how_far_the_reading_is(
    api: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.chat.TELL_SECONDS", 0.0)
    gate = Gate(api, after_chunks=1)
    body = {"model": "tiny", "messages": [question("Why?", kept(api, "told.txt", 14))], "stream": True}
    with api.http.stream("POST", "/v1/chat/completions", json={**body, "max_tokens": 2}) as response:
        lines = response.iter_lines()
        told = next(line for line in lines if line.startswith(": reading"))
        gate.open()
        rest = list(lines)
    assert re.fullmatch(r": reading [\d,]+ of [\d,]+ tokens", told)
    assert [line for line in rest if line][-1] == "data: [DONE]"


def test_quotes_come_first_with_their_places_and_are_not_read_back(api: ApiWorld) -> None:
    messages: Messages = [question("When is the valve opened?", kept(api, "quotes.txt", 5))]
    answer = ask(api, messages, extra_body={"ahn": {"recall": True}})
    content, quotes = answer.choices[0].message.content, answer.ahn["quotes"]
    assert quotes and quotes[0]["filename"] == "quotes.txt" and quotes[0]["file_id"].startswith("file-")
    assert content.startswith(f"> “{quotes[0]['text']}” (quotes.txt, ")
    assert f"In the model's own words:\n\n{answer.ahn['answer']}" in content
    bare = ask(api, messages, extra_body={"ahn": {"recall": True, "marks": False}})
    assert bare.choices[0].message.content == bare.ahn["answer"]
    for text in ("One", "Two"):
        ask(api, [{"role": "user", "content": text}])
    # Held elsewhere meanwhile: what is read again are the model's words, not the quotes around them.
    api.counting.fed.clear()
    ask(api, going_on(messages, content, "How?"))
    said = bytes(token for ids in api.counting.fed for token in ids if token < 256)
    assert len(said) < 200


def test_log_probabilities(api: ApiWorld) -> None:
    answer = ask(api, [{"role": "user", "content": "Why?"}], logprobs=True, top_logprobs=3)
    told = answer.choices[0].logprobs.content
    assert len(told) == 8
    assert b"".join(bytes(one.bytes) for one in told).decode("utf-8", "replace") == answer.ahn["answer"]
    for one in told:
        assert len(one.top_logprobs) == 3
        assert one.logprob <= one.top_logprobs[0].logprob <= 0
        assert math.fsum(math.exp(other.logprob) for other in one.top_logprobs) <= 1
    pieces = list(ask(api, [{"role": "user", "content": "Why?"}], logprobs=True, stream=True))
    streamed = [one for p in pieces for c in p.choices if c.logprobs for one in c.logprobs.content]
    assert [one.logprob for one in streamed] == [one.logprob for one in told]


def test_stop_seed_and_temperature(api: ApiWorld) -> None:
    messages: Messages = [{"role": "user", "content": "Why?"}]
    whole = ask(api, messages, max_completion_tokens=20).choices[0].message.content
    stop = whole[3:5]
    stopped = ask(api, messages, max_completion_tokens=20, stop=[stop, "never said"])
    assert stopped.choices[0].message.content == whole[: whole.index(stop)]
    assert stopped.choices[0].finish_reason == "stop"
    drawn = [
        ask(api, messages, temperature=1.5, seed=seed, top_p=0.99).choices[0].message.content
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_memory_is_chosen_by_the_models_name(api: ApiWorld) -> None:
    names = [model.id for model in api.client.models.list()]
    assert names == ["tiny", "tiny:full", "tiny:window"]
    assert api.client.models.retrieve("tiny:full").id == "tiny:full"
    for name in [*names, "ahn-chat", "ahn-chat:window"]:
        answer = ask(api, [{"role": "user", "content": "Why?"}], model=name)
        assert answer.ahn["memory"] == (name.partition(":")[2] or "ahn")
    with pytest.raises(openai.NotFoundError, match="tiny:window"):
        ask(api, [{"role": "user", "content": "Why?"}], model="gpt-5")
    with pytest.raises(openai.NotFoundError):
        api.client.models.retrieve("gpt-5")


def test_documents_inside_a_message(api: ApiWorld) -> None:
    text = "\n\n".join(pages(6, seed=6))
    data = base64.b64encode(text.encode()).decode()
    inside = {"filename": "inside.txt", "file_data": f"data:text/plain;base64,{data}"}
    first = ask(api, [question("Why?", inside)])
    assert first.ahn["tokens_read"] > 1500
    api.counting.fed.clear()
    second = ask(api, going_on([question("Why?", inside)], first.choices[0].message.content, "How?"))
    assert api.counting.tokens_fed() < 80 < second.usage.prompt_tokens_details.cached_tokens
    raw = {"filename": "inside.txt", "file_data": data}  # without the frame of a data URL it is the same file
    assert ask(api, [question("Why?", raw)]).usage.prompt_tokens == first.usage.prompt_tokens
    assert [file.filename for file in api.client.files.list()].count("inside.txt") == 1


def test_a_message_that_is_too_long_becomes_a_document(api: ApiWorld) -> None:
    text = "\n\n".join(["Read this:", *pages(5, seed=7), "When is the valve opened?"])
    answer = ask(api, [{"role": "user", "content": text}])
    assert answer.ahn["tokens_read"] >= len("\n\n".join(pages(5, seed=7)))
    with pytest.raises(openai.BadRequestError, match="send the long text as a file") as refused:
        ask(api, [{"role": "user", "content": "x" * 2000}])
    assert refused.value.code == "context_length_exceeded"


def test_a_pdf_inside_a_message_is_quoted_by_its_pages(api: ApiWorld, tmp_path: Path) -> None:
    words = ["The harbour is closed in winter.", "The valve is opened at two bar."]
    data = base64.b64encode(make_pdf(tmp_path / "a.pdf", words).read_bytes()).decode()
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}
    answer = ask(api, [question("When is the valve opened?", file)], extra_body={"ahn": {"recall": True}})
    best = answer.ahn["quotes"][0]
    # Which of the two sentences it is quoted for, a random model decides.
    assert best["filename"] == "a.pdf" and words[best["page"] - 1] in best["text"]
    assert f"> “{best['text']}” (a.pdf, p. {best['page']})" in answer.choices[0].message.content


def test_a_pdf_that_is_none_is_refused(api: ApiWorld) -> None:
    broken = base64.b64encode(b"%PDF-1.7 and then nothing").decode()
    with pytest.raises(openai.BadRequestError) as refused:
        ask(
            api,
            [question("Why?", {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{broken}"})],
        )
    assert refused.value.code == "file_not_readable" and "a.pdf" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"n": 2}, "n"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"frequency_penalty": 1.0}, "frequency_penalty"),
        ({"temperature": 9}, "temperature"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"extra_body": {"ahn": {"reacll": False}}}, "ahn.reacll"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "content": "Hello"}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "4"}]}, "messages.0.role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages.0.content.0.type",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            "messages.0.content.0.file",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "*"}}]}]},
            "messages",
        ),
    ],
)
def test_what_there_is_not_is_refused_by_name(api: ApiWorld, changes: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(api, changes.pop("messages", [{"role": "user", "content": "Why?"}]), **changes)
    assert refused.value.param == param and refused.value.type == "invalid_request_error"
    assert api.counting.fed == []


def test_wrong_addresses_and_keys(api: ApiWorld) -> None:
    with pytest.raises(openai.BadRequestError, match="no embeddings"):
        api.client.embeddings.create(model="tiny", input="words")
    with pytest.raises(openai.NotFoundError, match="nothing at POST /v1/responses"):
        api.client.responses.create(model="tiny", input="words")
    with pytest.raises(openai.AuthenticationError) as refused:
        api.client.with_options(api_key="another").models.list()
    assert refused.value.code == "invalid_api_key" and KEY not in str(refused.value)
    for path in ("/v1/models", "/metrics", "/v1/nothing"):
        assert httpx.get(api.server.origin + path, trust_env=False).status_code == 401
    assert httpx.get(f"{api.server.origin}/health", trust_env=False).json() == {"status": "ok"}
    assert httpx.get(api.server.origin, trust_env=False).status_code == 404, "there is no page"
    assert api.http.post("/v1/chat/completions", content=b"{").json()["error"]["code"] == "invalid_json"


def test_other_sites_are_refused_with_the_key_too(api: ApiWorld) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        response = api.http.get("/v1/models", headers=headers)
        assert response.status_code in (400, 403)
        assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_stream_that_is_left_ends_the_answer(api: ApiWorld) -> None:
    api.counting.before = lambda ids: time.sleep(0.003)
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Go on"}],
        "max_tokens": 300,
        "stream": True,
    }
    with api.http.stream("POST", "/v1/chat/completions", json=body) as response:
        lines = response.iter_lines()
        while "content" not in next(lines):
            pass
    wait_until(lambda: figure(api, "ahn_chat_requests_running") == 0)
    assert len(api.counting.fed) < 250, "300 tokens were asked for"
    assert ask(api, [{"role": "user", "content": "Still there?"}]).usage.completion_tokens == 8


def test_a_client_that_gives_up_waiting_stops_the_reading(api: ApiWorld) -> None:
    file = kept(api, "long.txt", 8)
    gate = Gate(api, after_chunks=1)
    body = {"model": "tiny", "messages": [question("Why?", file)], "ahn": {"recall": False}}
    with pytest.raises(httpx.ReadTimeout):
        api.http.post("/v1/chat/completions", json=body, timeout=0.5)
    assert gate.reached.is_set()
    gate.open()
    wait_until(lambda: figure(api, "ahn_chat_requests_running") == 0)
    api.counting.before = lambda ids: None
    document_id, settings = file["file_id"].removeprefix("file-"), api.engine.default_settings()
    wait_until(lambda: api.engine.kept_tokens([document_id], settings) > 0)
    first = ask(api, [question("Why?", file)])  # what was read before is not read again
    assert first.usage.prompt_tokens_details.cached_tokens > 0


def test_clients_wait_in_line_and_too_many_are_refused(api: ApiWorld) -> None:
    file = kept(api, "line.txt", 9)
    gate = Gate(api, after_chunks=0)
    answers: dict[str, int] = {}

    def send(text: str) -> None:
        body = {**PLAIN, **PLAIN["extra_body"], "messages": [question(text, file)]}
        del body["extra_body"]
        answers[text] = api.http.post("/v1/chat/completions", json=body).status_code

    threads = []
    for number, text in enumerate(("One", "Two", "Three")):
        threads.append(threading.Thread(target=send, args=(text,)))
        threads[-1].start()
        running, waiting = min(number + 1, 2), max(number - 1, 0)
        wait_until(lambda running=running: figure(api, "ahn_chat_requests_running") == running)  # type: ignore[misc]
        wait_until(lambda waiting=waiting: figure(api, "ahn_chat_requests_waiting") == waiting)  # type: ignore[misc]
    with pytest.raises(openai.RateLimitError, match="1 requests are waiting"):
        ask(api, [question("Four", file)])
    gate.open()
    for thread in threads:
        thread.join(30)
    assert answers == {"One": 200, "Two": 200, "Three": 200}
    assert figure(api, "ahn_chat_requests_waiting") == figure(api, "ahn_chat_requests_running") == 0


def test_a_reading_that_fails_is_an_error_in_its_place(api: ApiWorld) -> None:
    def broken(ids: list[int]) -> None:
        if len(ids) >= 64:
            raise RuntimeError("the device is gone")

    file = kept(api, "broken.txt", 10)
    api.counting.before = broken
    with pytest.raises(openai.InternalServerError, match="the device is gone"):
        ask(api, [question("Why?", file)])
    with pytest.raises(openai.APIError, match="the device is gone"):
        list(ask(api, [question("Why?", file)], stream=True))
    api.counting.before = lambda ids: None
    assert ask(api, [question("Why?", file)]).choices[0].message.content


def test_nothing_of_the_api_stands_in_the_list_of_chats(api: ApiWorld) -> None:
    ask(api, [{"role": "user", "content": "Why?"}])
    assert api.engine.list_chats() == []


def test_the_stream_is_as_the_protocol_has_it(api: ApiWorld) -> None:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2, "stream": True}
    response = api.http.post("/v1/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = response.text.strip().split("\n\n")
    assert blocks[-1] == "data: [DONE]"
    first = json.loads(blocks[0].removeprefix("data: "))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
