"""kill -9 at any moment of a plan: it is completed all the same, and no node that was done is done again."""

import asyncio
import collections
import random

import aiohttp
import pytest

import settings
from client import Api, User, unique
from streams import is_logged, seq
from test_plans import node, plan
from waiting import eventually

PLANS = 4
LOST_LINE = (aiohttp.ClientError, OSError)
FIVE_NODES = plan(
    node("facts", "[[slow 0.03]][[say f]]"),
    node("left", "[[slow 0.05]][[say l]]", "facts", agent="architect"),
    node("right", "[[slow 0.04]][[say r]]", "facts", agent="debugger"),
    node("judged", "[[slow 0.03]][[say j]]", "left", "right", agent="asker"),
    node("told", "[[slow 0.03]][[say t]]", "judged"),
)


async def post(user: User, session: str, word: str) -> None:
    """Until it is acknowledged: a post that was cut off is repeated with its key."""
    try:
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"key-{session}"}
        await user.post_message(session, f"First facts, then judge: {word}", agent=None, headers=headers)
    except LOST_LINE:
        pass


async def all_completed(user: User, sessions: list[str]) -> bool:
    tasks = [(await user.get(f"/my/tasks/?session_id={session}")).expect(200)["items"] for session in sessions]
    assert not [task for each in tasks for task in each if task["status"] == "failed"], tasks
    return all(each and all(task["status"] == "completed" for task in each) for each in tasks)


async def whole_log(user: User, session: str) -> list[dict]:
    async with user.stream(session, since="0") as stream:
        return [event for event in await stream.until(is_answer_told) if is_logged(event)]


def is_answer_told(event: dict) -> bool:
    return event["type"] == "TASK_COMPLETED" and "message_id" in event["payload"]


def assert_done_once(log: list[dict]) -> None:
    assert [seq(event) for event in log] == list(range(1, len(log) + 1)), "a gap or a repetition"
    counts = collections.Counter(event["type"] for event in log)
    assert counts["PLAN_CREATED"] == 1
    done = collections.Counter(event["task_id"] for event in log if event["type"] == "TASK_COMPLETED")
    assert len(done) == 6 and set(done.values()) == {1}, done
    answered = [event for event in log if event["type"] == "MESSAGE_CREATED" and event["payload"]["role"] == "assistant"]
    assert len(answered) == 1


async def struck(user: User, strike, dice: random.Random) -> list[str]:
    """Posts plans and strikes somewhere between their beginning and their end."""
    sessions = [await user.new_session() for _ in range(PLANS)]
    word = "five-nodes"
    posts = [asyncio.ensure_future(post(user, session, word)) for session in sessions]
    await asyncio.sleep(dice.uniform(0, 0.35))  # the moment, not a wait for anything
    strike()
    await asyncio.gather(*posts)
    return sessions


async def finish(user: User, sessions: list[str]) -> None:
    await asyncio.gather(*(post(user, session, "five-nodes") for session in sessions))
    await eventually(lambda: all_completed(user, sessions), "all plans to be completed", 60)
    for session in sessions:
        assert_done_once(await whole_log(user, session))


@pytest.mark.watchdog(120 + 10 * settings.CRASHES)
async def test_plans_survive_kill_9_at_any_moment(start_server, connect, provider):
    provider.plan("five-nodes", FIVE_NODES)
    server = start_server()
    user, dice = await connect(server).new_user(), random.Random(7)
    for _ in range(max(2, settings.CRASHES // PLANS)):
        sessions = await struck(user, server.kill, dice)
        await asyncio.to_thread(server.start)
        await user.api.aclose()
        user.api = Api(server)
        await finish(user, sessions)
    await user.api.aclose()
    user.api = connect(server)


@pytest.mark.skipif(not settings.MANY, reason="needs several processes")
@pytest.mark.watchdog(120 + 10 * settings.CRASHES)
async def test_another_process_completes_the_plans_of_a_killed_one(start_processes, connect, provider):
    provider.plan("five-nodes", FIVE_NODES)
    servers = start_processes(2)
    user, dice = await connect(servers[0]).new_user(), random.Random(8)
    for index in range(max(2, settings.CRASHES // PLANS)):
        doomed, heir = servers[index % 2], servers[(index + 1) % 2]
        user.api = Api(doomed)
        sessions = await struck(user, doomed.kill, dice)
        await user.api.aclose()
        user.api = Api(heir)
        await finish(user, sessions)
        await user.api.aclose()
        await asyncio.to_thread(doomed.start)
