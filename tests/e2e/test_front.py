"""Processes behind nginx and behind HAProxy, with the files of deploy/: streams, limits, retries, processes that go."""

import asyncio
import copy
import json
import re

import aiohttp
import pytest

import settings
from client import unique
from raw_http import RawLine, request_bytes
from recording_process import RecordingProcess
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


# Processes that are taken out and restarted.


GETS = [("GET", path, 200) for path in ("/health", "/", "/openapi.json", "/health")]
POSTS = [("POST", "/my/agents/", 401)] * 4


class SteadyFlow:
    """Asks the front for what needs no store, each of `requests` (method, path, status) again and again.

    fresh: with a connection for each request, as a client does that must not meet one that the front just closes.
    """

    def __init__(self, front, requests: list[tuple[str, str, int]], fresh: bool = False):
        self.front = front
        self.requests = requests
        self.headers = {"Connection": "close"} if fresh else {}
        self.done = 0
        self.failures: list[str] = []
        self._tasks: list[asyncio.Task] = []

    async def __aenter__(self) -> "SteadyFlow":
        self._tasks = [asyncio.create_task(self._run(*request)) for request in self.requests]
        return self

    async def __aexit__(self, *_) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, method: str, path: str, status: int) -> None:
        async with aiohttp.ClientSession() as http:
            while True:
                await self._ask(http, method, path, status)

    async def _ask(self, http, method: str, path: str, status: int) -> None:
        try:
            async with http.request(method, self.front.url + path, headers=self.headers) as reply:
                body = await reply.read()
                if reply.status != status:
                    self.failures.append(f"{path}: {reply.status} {body[:200]!r}")
        except aiohttp.ClientError as failure:
            self.failures.append(f"{path}: {failure!r}")
        self.done += 1

    async def goes_on(self, count: int) -> None:
        goal = self.done + count
        await eventually(lambda: self.done >= goal, f"{count} more answers")


def restart_in_place(server: Server) -> None:
    """Ends the process gracefully and starts it again where the front looks for it."""
    server.restart(CODELAB_PORT=str(server.port))


async def test_processes_restart_one_after_the_other_and_no_request_fails(start_front, start_server):
    servers = [start_server(), start_server()]
    async with SteadyFlow(start_front(*servers), GETS) as flow:
        await flow.goes_on(50)
        for server in servers:
            first = len(server.lines)
            await asyncio.to_thread(restart_in_place, server)
            await eventually(lambda: requests_in(server, first), "the process to be asked again")
            await flow.goes_on(50)
        assert flow.failures == []


def requests_in(server: Server, since: int) -> bool:
    """Whether the process was asked anything by the flow since its restart."""
    records = server.log_records(since)
    begun = next(index for index, record in enumerate(records) if record["event"] == "listening")
    return any(record.get("path") == "/openapi.json" for record in records[begun:])


async def test_a_restart_that_the_front_is_told_of_fails_no_post_either(start_front, connect, start_server):
    servers = [start_server(), start_server()]
    front = start_front(*servers)
    async with SteadyFlow(front, POSTS, fresh=True) as flow:
        await flow.goes_on(50)
        for server in servers:
            direct = connect(server)
            front.take_out(server.port)
            await eventually(lambda: is_left_alone(direct, flow), "the process to get nothing new")
            await asyncio.to_thread(restart_in_place, server)
            front.take_out(None)
            await eventually(lambda: is_asked(direct), "the process to be asked again")
        assert flow.failures == []


@pytest.mark.watchdog(180)
async def test_a_rolling_restart_of_a_deployment_fails_no_request(start_front, connect, start_processes, provider):
    """Nobody tells the front: each process says itself that it is leaving, and waits until that was noticed."""
    servers = start_processes(2, CODELAB_DRAIN_DELAY_SECONDS="6", CODELAB_TRUSTED_PROXIES="127.0.0.1")
    api = connect(start_front(*servers))
    user = await api.new_user()
    session = await user.new_session()
    answers, stop = [], asyncio.Event()

    async def post() -> None:
        while not stop.is_set():
            word = unique("word")
            reply = await user.post_message(session, f"[[say {word}]]", headers={"Connection": "close"})
            answers.append((reply.status, reply.json.get("content") == word))

    posting = [asyncio.ensure_future(post()) for _ in range(3)]
    for server in servers:
        await goes_on(answers)
        await asyncio.to_thread(restart_in_place, server)
    await goes_on(answers)
    stop.set()
    await asyncio.gather(*posting)
    assert set(answers) == {(200, True)}
    said = [message for message in await whole_session(user, session) if message["role"] == "assistant"]
    assert len(said) == len(answers)


async def goes_on(answers: list) -> None:
    goal = len(answers) + 30
    await eventually(lambda: len(answers) >= goal, "more answers")


async def whole_session(user, session: str) -> list[dict]:
    messages = await user.messages(session, "?limit=200")
    while more := await user.messages(session, f"?limit=200&after={messages[-1]['id']}"):
        messages += more
    return messages


async def posts_to(direct) -> int:
    """How many posts of the flow the process has answered."""
    text = (await direct.get("/metrics", headers={"Connection": "close"})).text
    counted = re.search(r'^codelab_http_request_seconds_count{method="POST",route="/my/agents/"} (\d+)$', text, re.M)
    return int(counted[1]) if counted else 0


async def is_left_alone(direct, flow: SteadyFlow) -> bool:
    before = await posts_to(direct)
    await flow.goes_on(20)
    return await posts_to(direct) == before


async def is_asked(direct) -> bool:
    return await posts_to(direct) > 0


async def settles_on(api, process: RecordingProcess) -> bool:
    """Whether ten requests in a row, on connections of their own, went to `process`."""
    headers = {"Connection": "close"}
    return all([(await api.get("/", headers=headers)).text == str(process.port) for _ in range(10)])


async def test_a_process_that_is_not_ready_gets_nothing_new(start_front, connect, record):
    first, second = await record(), await record()
    front = start_front(first, second)
    if not front.asks_readiness:
        pytest.skip("this nginx learns that a process is gone from failed connections only")
    api = connect(front)
    for resting, other in ((first, second), (second, first)):
        resting.ready, other.ready = False, True
        await eventually(lambda: settles_on(api, other), "the process that is ready to get all")


async def test_a_process_that_is_taken_out_keeps_its_streams_and_gets_nothing_new(
        start_front, connect, start_server, record, provider):
    server, other = start_server(), await record()
    user = await connect(server).new_user()
    session = await user.new_session()
    front = start_front(server)
    reader = copy.copy(user)
    reader.api = connect(front)
    async with reader.stream(session, since="0") as stream:
        await user.say(session, "before")
        await stream.until_type("TASK_COMPLETED")
        front.ports.append(other.port)
        front.take_out(server.port)
        await eventually(lambda: settles_on(connect(front), other), "the other process to get all")
        await user.say(session, "after")
        await stream.until_type("TASK_COMPLETED")
