"""kill -9 at any moment of a plan: it is completed all the same, and no node that was done is done again."""

import asyncio
import collections
import random

import aiohttp
import pytest

import settings
from client import Api, User
from streams import is_logged, seq
from test_plans import node, plan
from waiting import eventually

PLANS = 4
# How often a process is killed.
STRIKES = 2 * settings.CRASHES
LOST_LINE = (aiohttp.ClientError, OSError)
INSTRUCTIONS = {
    "facts": "[[slow 0.03]][[say f]]",
    "left": "[[slow 0.05]][[say l]]",
    "right": "[[slow 0.04]][[say r]]",
    "judged": "[[slow 0.03]][[say j]]",
    "told": "[[slow 0.03]][[say t]]",
}
FIVE_NODES = plan(
    node("facts", INSTRUCTIONS["facts"]),
    node("left", INSTRUCTIONS["left"], "facts", agent="architect"),
    node("right", INSTRUCTIONS["right"], "facts", agent="debugger"),
    node("judged", INSTRUCTIONS["judged"], "left", "right", agent="asker"),
    node("told", INSTRUCTIONS["told"], "judged"),
)


def content(session: str) -> str:
    """Which a provider's request for any part of the plan tells of."""
    return f"First facts, then judge: five-nodes {session}"


async def post(user: User, session: str) -> None:
    """Until it is acknowledged: a post that was cut off is repeated with its key."""
    try:
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"key-{session}"}
        await user.post_message(session, content(session), agent=None, headers=headers)
    except LOST_LINE:
        pass


async def follow(user: User, session: str, shown: list[dict]) -> None:
    """What a reader is shown before the line is cut."""
    try:
        async with user.stream(session, since="0") as stream:
            while (event := await stream.next(60)) is not None:
                if is_logged(event):
                    shown.append(event)
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


def assert_nothing_that_was_done_is_asked_again(log: list[dict], asked: list[dict]) -> None:
    """A node's model is asked once for each time that the node was begun, and it is not begun after its end."""
    ended = {}
    for event in log:
        if event["type"] == "TASK_COMPLETED":
            ended[event["task_id"]] = event
        assert event["type"] != "TASK_STARTED" or event["task_id"] not in ended, event
    nodes = {each["id"]: each["task_id"] for event in log if event["type"] == "PLAN_UPDATED"
             for each in event["payload"]["nodes"]}
    for name, task in nodes.items():
        begun = sum(event["type"] == "TASK_STARTED" and event["task_id"] == task for event in log)
        requests = [request for request in asked if request["text"].startswith(INSTRUCTIONS[name])]
        assert 1 <= len(requests) <= begun, (name, begun, len(requests))


class Strike:
    """Plans in flight when a process is killed, and what was shown of them until then."""

    def __init__(self, sessions: list[str]):
        self.shown = {session: [] for session in sessions}

    async def deliver(self, user: User, strike, dice: random.Random) -> None:
        readers = [asyncio.ensure_future(follow(user, session, shown)) for session, shown in self.shown.items()]
        posts = [asyncio.ensure_future(post(user, session)) for session in self.shown]
        await asyncio.sleep(dice.uniform(0, 0.35))  # the moment, not a wait for anything
        strike()
        await asyncio.gather(*posts, *readers)

    async def assert_survived(self, user: User, provider) -> None:
        await asyncio.gather(*(post(user, session) for session in self.shown))
        await eventually(lambda: all_completed(user, list(self.shown)), "all plans to be completed", 60)
        for session, shown in self.shown.items():
            log = await whole_log(user, session)
            assert_done_once(log)
            assert log[: len(shown)] == shown, "what was shown is not in the log"
            assert_nothing_that_was_done_is_asked_again(log, provider.asked(session))


async def struck(user: User, strike, dice: random.Random) -> Strike:
    plans = Strike([await user.new_session() for _ in range(PLANS)])
    await plans.deliver(user, strike, dice)
    return plans


@pytest.mark.watchdog(120 + 30 * settings.CRASHES)
async def test_plans_survive_kill_9_at_any_moment(start_server, connect, provider):
    provider.plan("five-nodes", FIVE_NODES)
    server = start_server()
    user, dice = await connect(server).new_user(), random.Random(7)
    for _ in range(STRIKES):
        plans = await struck(user, server.kill, dice)
        await asyncio.to_thread(server.start)
        await user.api.aclose()
        user.api = Api(server)
        await plans.assert_survived(user, provider)
    await user.api.aclose()
    user.api = connect(server)


@pytest.mark.skipif(not settings.MANY, reason="needs several processes")
@pytest.mark.watchdog(120 + 30 * settings.CRASHES)
async def test_another_process_completes_the_plans_of_a_killed_one(start_processes, connect, provider):
    provider.plan("five-nodes", FIVE_NODES)
    servers = start_processes(2)
    user, dice = await connect(servers[0]).new_user(), random.Random(8)
    for index in range(STRIKES):
        doomed, heir = servers[index % 2], servers[(index + 1) % 2]
        user.api = Api(doomed)
        plans = await struck(user, doomed.kill, dice)
        await user.api.aclose()
        user.api = Api(heir)
        await plans.assert_survived(user, provider)
        await user.api.aclose()
        await asyncio.to_thread(doomed.start)
