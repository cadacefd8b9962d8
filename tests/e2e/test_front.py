"""Processes behind nginx and behind HAProxy, with the files of deploy/: streams, limits, what is tried again."""

import asyncio
import json
import re

import pytest

import settings
from client import unique
from raw_http import RawLine, request_bytes
from server import Server
from streams import DeltaAssembler, is_logged
from waiting import eventually

LARGEST_BODY = 1 << 20
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def user_behind(start_front, connect, provider):
    """Makes a new user whose calls pass a front before `processes`."""
    async def make(*processes, **options):
        return await connect(start_front(*processes, **options)).new_user()

    return make


# Streams.


@pytest.mark.parametrize("form", ["post", "ndjson", "sse"])
async def test_a_delta_arrives_before_the_answer_is_complete(user_behind, server, provider, form):
    user = await user_behind(server)
    session, gate = await user.new_session(), unique("gate")
    question = f"[[gate {gate} after 3]][[tokens 6 delay 0.05]]"
    if form == "post":
        opening = user.post_streaming(session, question)
    else:
        await user.say_async(session, question)
        opening = user.stream(session, since="0", sse=form == "sse")
    joined = DeltaAssembler()
    async with opening as stream:
        await stream.until(lambda event: joined.add(event) or "t2" in "".join(joined.texts.values()))
        provider.open_gate(gate)
        joined.add_all(await stream.until_type("TASK_COMPLETED"))
    assert list(joined.texts.values()) == ["t0 t1 t2 t3 t4 t5 "]


@pytest.fixture(scope="module")
def slowly_beating_server(running_provider):
    """Its streams are silent for longer than a hasty front waits for anything else."""
    server = Server(**settings.provider_settings(running_provider.base_url), **{settings.HEARTBEAT: "2"})
    server.start()
    yield server
    server.dispose()


async def test_silent_streams_and_waiting_posts_outlive_the_timeouts_of_other_calls(
        start_front, connect, slowly_beating_server, provider):
    user = await connect(slowly_beating_server).new_user()
    silent, asked = await user.new_session(), await user.new_session()
    user.api = connect(start_front(slowly_beating_server, hasty=True))
    gate = unique("gate")
    waiting = asyncio.ensure_future(user.post_message(asked, f"[[gate {gate}]][[say at last]]"))
    await eventually(lambda: provider.asked(gate), "the provider to be asked")
    async with user.stream(silent) as lines, user.stream(silent, sse=True) as sse:
        async with user.post_streaming(silent, f"[[gate {gate}]][[say at last]]") as post:
            for stream in (lines, sse):
                await stream.until_type("CONTEXT_RETRIEVED")
                assert [(await stream.next())["type"] for _ in range(2)] == ["HEARTBEAT"] * 2
            provider.open_gate(gate)
            assert (await post.rest())[-1]["content"] == "at last"
        for stream in (lines, sse):
            await stream.until_type("TASK_COMPLETED")
    assert (await waiting).expect(200)["content"] == "at last"


@pytest.mark.parametrize("sse", [False, True])
async def test_a_stream_is_resumed_by_its_header(user_behind, server, sse):
    user = await user_behind(server)
    session = await user.new_session()
    await user.say(session, "one")
    async with user.stream(session, since="0") as stream:
        whole = [event for event in await stream.until_type("TASK_COMPLETED") if is_logged(event)]
    async with user.stream(session, last_event_id=whole[2]["id"], sse=sse) as stream:
        assert await stream.until_type("TASK_COMPLETED") == whole[3:]


async def test_a_reader_that_leaves_is_gone_for_the_process_too(user_behind, start_server, connect):
    server = start_server()
    user, direct = await user_behind(server), connect(server)
    session = await user.new_session()
    async with user.stream(session), user.stream(session, sse=True):
        await eventually(lambda: has_open_streams(direct, 2), "two open streams")
    await eventually(lambda: has_open_streams(direct, 0), "the streams to be closed")


async def has_open_streams(api, count: int) -> bool:
    return f"\ncodelab_streams_active {count}\n" in (await api.get("/metrics")).text


# What passes, and what does not.


async def test_a_body_of_the_largest_size_passes_and_a_larger_one_is_refused(user_behind, server):
    user = await user_behind(server)
    frame = len(json.dumps({"name": ""}))
    fits, too_large = ({"name": "x" * (LARGEST_BODY - frame + more)} for more in (0, 1))
    (await user.post("/my/agents/", fits)).problem(422, "validation_failed")
    refused = await user.post("/my/agents/", too_large)
    assert refused.problem(413, "body_too_large")["trace_id"] == refused.headers["X-Request-Id"]

    async def pieces():
        for _ in range(33):
            yield b"x" * (LARGEST_BODY // 32)

    headers = {"Content-Type": "application/json"}
    (await user.post("/my/agents/", data=pieces(), headers=headers)).problem(413, "body_too_large")


async def test_ids_of_requests_and_traces_pass(start_front, connect, start_server):
    server = start_server()
    front = start_front(server)
    api, own = connect(front), unique("request")
    headers = {"X-Request-Id": own, "traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"}
    reply = await api.get("/nowhere.json?q=private", headers=headers)
    assert reply.problem(404, "not_found")["trace_id"] == TRACE_ID
    assert reply.headers["X-Request-Id"] == own
    server.wait_for_log(lambda record: record.get("request_id") == own and record["trace_id"] == TRACE_ID)
    await eventually(lambda: own in front.log(), "the front to log the request")
    line = json.loads(next(line for line in front.log().splitlines() if own in line))
    assert (line["method"], line["path"], line["status"]) == ("GET", "/nowhere.json", 404)
    assert "private" not in front.log()


@pytest.mark.parametrize("bad", [None, "a" * 500, "two words", '"quoted"'])
async def test_a_bad_or_absent_request_id_is_replaced_by_one_that_both_sides_see(start_front, connect, record, bad):
    process = await record()
    headers = {} if bad is None else {"X-Request-Id": bad}
    await connect(start_front(process)).get("/", headers=headers)
    assert re.fullmatch(r"[0-9a-f-]{32,36}", process.requests[-1].headers["x-request-id"])


async def test_forwarded_headers_say_what_the_front_saw_and_not_what_a_client_claims(start_front, connect, record):
    process = await record()
    claims = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.example.com",
              "Forwarded": "for=192.0.2.7", "Host": "codelab.example.com"}
    kept = {"Authorization": "Bearer x", "Accept": "text/event-stream", "Last-Event-ID": "7", "Prefer": "respond-async",
            "Idempotency-Key": "k", "Origin": "https://app.example.com"}
    await connect(start_front(process)).get("/a%2Fb?q=%20", headers={**claims, **kept})
    request = process.requests[-1]
    assert request.path == "/a%2Fb?q=%20"
    passed = {**kept, "Host": "codelab.example.com", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http",
              "X-Forwarded-Host": "codelab.example.com"}
    assert {name: request.headers.get(name.lower()) for name in passed} == passed
    assert "forwarded" not in request.headers


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/%6Detrics", "/metrics?x"])
def test_metrics_are_not_for_everybody(start_front, server, path):
    with RawLine(start_front(server).port) as line:
        line.send(request_bytes("GET", path))
        status, headers, body = line.read_answer()
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(body)["trace_id"] == headers["x-request-id"]


async def test_connections_to_a_process_are_kept(start_front, connect, record):
    process = await record()
    api = connect(start_front(process))
    for _ in range(20):
        await api.get("/")
    await process.aclose()
    assert len(process.requests) == 20 and process.connections <= 4


async def test_tls_ends_at_the_front(start_front, connect, record):
    process = await record()
    front = start_front(process, tls=True)
    url = f"https://127.0.0.1:{front.tls_port}/"
    async with connect(front).http.get(url, ssl=front.trust()) as reply:
        assert reply.status == 200 and reply.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert process.requests[-1].headers["x-forwarded-proto"] == "https"
    plain = await connect(front).get("/a?b=c")
    assert plain.status == 308 and re.fullmatch(r"https://127\.0\.0\.1(:\d+)?/a\?b=c", plain.headers["Location"])
    context = front.trust()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection("127.0.0.1", front.tls_port, ssl=context)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    writer.close()


# Processes that fail.


@pytest.mark.parametrize("body", [{}, None])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_post_that_reached_a_process_is_never_sent_again(start_front, connect, record, method, body):
    processes = [await record(manner="swallow") for _ in range(2)]
    api = connect(start_front(*processes))
    (await api.request(method, "/my/agents/x", json=body)).problem(502, "no_answer")
    assert sum(len(process.requests) for process in processes) == 1


async def test_a_get_goes_to_the_next_process(start_front, connect, record):
    broken, sound = await record(manner="swallow"), await record()
    api = connect(start_front(broken, sound))
    replies = [await api.get("/") for _ in range(4)]
    assert [reply.text for reply in replies] == [str(sound.port)] * 4
    assert broken.requests


async def test_a_failed_connection_goes_to_the_next_process_whatever_the_request(start_front, connect, record):
    gone, sound = await record(), await record()
    front = start_front(gone, sound)
    await gone.aclose()
    replies = [await connect(front).post("/my/agents/", {}) for _ in range(4)]
    assert [reply.text for reply in replies] == [str(sound.port)] * 4


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_a_process_says_is_passed_on_and_asked_of_no_other(start_front, connect, record, status):
    processes = [await record(status=status) for _ in range(2)]
    api = connect(start_front(*processes))
    replies = [await api.get("/") for _ in range(4)]
    assert [reply.status for reply in replies] == [status] * 4
    assert {reply.text for reply in replies} <= {str(process.port) for process in processes}
    assert sum(len(process.requests) for process in processes) == 4


async def test_a_call_that_is_never_answered_is_given_up(start_front, connect, record):
    process = await record(manner="hold")
    reply = await connect(start_front(process, hasty=True)).post("/my/agents/", {})
    reply.problem(504, "answer_timeout")
    assert len(process.requests) == 1


async def test_without_a_process_the_front_says_so(start_front, connect, record):
    process = await record()
    front = start_front(process)
    await process.aclose()
    reply = await connect(front).post("/my/agents/", {}, headers={"X-Request-Id": "mine"})
    assert (reply.status, reply.json["code"]) in ((502, "no_answer"), (503, "no_process"))
    assert reply.problem(reply.status)["trace_id"] == reply.headers["X-Request-Id"] == "mine"
