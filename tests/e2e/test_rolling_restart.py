"""Processes behind nginx and behind HAProxy that are taken out and restarted, one after the other."""

import asyncio
import copy
import re

import pytest

from client import unique
from recording_process import RecordingProcess
from server import Server
from steady_flow import SteadyFlow
from waiting import eventually

GETS = [("GET", path, 200) for path in ("/health", "/", "/openapi.json", "/health")]
POSTS = [("POST", "/my/agents/", 401)] * 4


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
    said = [message for message in await user.all_messages(session) if message["role"] == "assistant"]
    assert len(said) == len(answers)


async def goes_on(answers: list) -> None:
    goal = len(answers) + 30
    await eventually(lambda: len(answers) >= goal, "more answers")


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
