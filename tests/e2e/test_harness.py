"""The suite's own parts: the scripted provider does what it is told, and the stream readers read what is sent."""

import base64
import json
import socket
import struct
import subprocess
import sys

import aiohttp
import pytest
from aiohttp import web

from hashed_embeddings import embed
from jwt_forge import decode, sign
from settings import ROOT
from streams import DeltaAssembler, EventStream, is_logged, seq, types
from waiting import eventually, within

THIS_DIR = ROOT / "tests" / "e2e"


def chat_body(text: str, stream: bool = True) -> dict:
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": text}]
    body = {"model": "gpt-4o-mini", "messages": messages}
    return {**body, "stream": True, "stream_options": {"include_usage": True}} if stream else body


async def ask(provider, text: str) -> tuple[str, list[dict]]:
    """The joined answer and all chunks of a streamed request."""
    async with aiohttp.ClientSession() as http:
        async with http.post(provider.base_url + "/chat/completions", json=chat_body(text)) as response:
            assert response.status == 200
            lines = [line.decode().strip() async for line in response.content]
    events = [line.removeprefix("data: ") for line in lines if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    return "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"]), chunks


async def test_a_streamed_answer_echoes_and_reports_usage(provider):
    answer, chunks = await ask(provider, "hello there friend")
    assert answer == "echo: hello there friend"
    assert chunks[-1]["usage"] == {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}
    assert provider.requests[-1]["usage"] == chunks[-1]["usage"]


async def test_a_whole_answer_is_one_json(provider):
    async with aiohttp.ClientSession() as http:
        async with http.post(provider.base_url + "/chat/completions", json=chat_body("hi", stream=False)) as response:
            answer = await response.json()
    assert answer["choices"][0]["message"]["content"] == "echo: hi"


async def test_tokens_say_and_gate_shape_the_answer(provider):
    assert (await ask(provider, "[[tokens 3 size 5]]"))[0] == "t0 xxt1 xxt2 xx"
    assert (await ask(provider, "[[say exactly this]]"))[0] == "exactly this"
    provider.open_gate("harness")
    assert (await ask(provider, "[[gate harness after 1]][[tokens 2]]"))[0] == "t0 t1 "


async def test_a_status_is_sent_as_often_as_asked_and_queued_directives_come_first(provider):
    text = "[[status 429 retry-after 7 times 2]] please"
    seen = []
    async with aiohttp.ClientSession() as http:
        for _ in range(3):
            async with http.post(provider.base_url + "/chat/completions", json=chat_body(text)) as response:
                seen.append((response.status, response.headers.get("Retry-After")))
        provider.queue("[[status 503]]")
        async with http.post(provider.base_url + "/chat/completions", json=chat_body("plain")) as response:
            assert response.status == 503
    assert seen == [(429, "7"), (429, "7"), (200, None)]


@pytest.mark.parametrize("directive", ["[[cut after 2]]", "[[hang after 2]]", "[[garbage after 2]]"])
async def test_a_broken_answer_breaks_after_the_asked_tokens(provider, directive):
    async with aiohttp.ClientSession() as http:
        async with http.post(provider.base_url + "/chat/completions", json=chat_body(f"a b c {directive}")) as response:
            lines = [await response.content.readline() for _ in range(4)]
            assert sum(b"content" in line for line in lines) == 2
            if "cut" in directive:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.content.read()
            if "garbage" in directive:
                with pytest.raises(ValueError):
                    json.loads((await response.content.readline()).removeprefix(b"data: "))
    await eventually(lambda: provider.requests[-1]["outcome"] != "running", "the provider to note the outcome")


async def test_embeddings_put_shared_words_near_each_other_and_pack_to_base64(provider):
    def dot(left, right):
        return sum(a * b for a, b in zip(left, right))

    cat, cats_food, engine = (embed(text, 1536) for text in ("the cat eats", "cat food", "diesel engine"))
    assert dot(cat, cats_food) > dot(cat, engine) + 0.2
    body = {"model": "m", "input": ["the cat eats"], "encoding_format": "base64"}
    async with aiohttp.ClientSession() as http:
        async with http.post(provider.base_url + "/embeddings", json=body) as response:
            packed = (await response.json())["data"][0]["embedding"]
    unpacked = struct.unpack("<1536f", base64.b64decode(packed))
    assert dot(unpacked, cat) == pytest.approx(1, abs=1e-5)


def test_the_provider_runs_alone():
    command = [sys.executable, str(THIS_DIR / "scripted_openai.py"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        port = json.loads(process.stdout.readline())["port"]
        socket.create_connection(("127.0.0.1", port), 5).close()
    finally:
        process.kill()
        process.wait()


async def test_the_readers_understand_ndjson_and_server_sent_events():
    async def answer(request):
        if request.path == "/sse":
            text = ': hello\n\nid: 1\nevent: A\ndata: {"type":\ndata: "A"}\n\nid: 2\ndata: {"type": "B"}\n\n'
            return web.Response(text=text, content_type="text/event-stream")
        return web.Response(body=b'{"type": "A"}\n\n{"type": "B"}\n', content_type="application/x-ndjson")

    application = web.Application()
    application.router.add_get("/{any}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as http:
        for path in ("/sse", "/ndjson"):
            async with EventStream(http.get(url + path)) as stream:
                assert await within(stream.rest(), path) == [{"type": "A"}, {"type": "B"}]
            assert stream.sse_ids == (["1", "2"] if path == "/sse" else [])
    await runner.cleanup()


def test_deltas_are_joined_and_a_gap_is_refused():
    def delta(offset, text):
        payload = {"message_id": "m", "offset": offset, "text": text}
        return {"id": "0000000003.0000000002", "type": "MESSAGE_DELTA", "payload": payload}

    assembler = DeltaAssembler().add_all([delta(0, "ab"), delta(2, "c")])
    assert assembler.texts == {"m": "abc"}
    with pytest.raises(AssertionError):
        assembler.add(delta(2, "c"))
    assert seq(delta(0, "")) == 3 and not is_logged(delta(0, ""))
    assert types([delta(0, "a"), delta(1, "b"), {"type": "ERROR"}]) == ["MESSAGE_DELTA", "ERROR"]


def test_a_forged_token_carries_what_was_put_in():
    token = sign({"sub": "me"}, "secret", kid="k")
    header, claims = decode(token)
    assert header == {"alg": "HS256", "typ": "JWT", "kid": "k"} and claims == {"sub": "me"}
    assert sign({"sub": "me"}, "other", kid="k") != token


@pytest.mark.watchdog(0.2)
@pytest.mark.xfail(raises=TimeoutError, strict=True, reason="the watchdog must stop a test that hangs")
async def test_the_watchdog_stops_a_test_that_hangs():
    import asyncio

    await asyncio.Event().wait()
