"""kill -9 while agents ask one another: every question is answered, and no answer that came is asked for again."""

import asyncio
import collections
import random

import pytest

import settings
from client import Api, User, unique
from streams import is_logged, seq
from test_collaboration import TOOLS, ask
from test_plan_crash import LOST_LINE
from waiting import eventually

SESSIONS = 4
CONVERSATION = "ask-around"


async def post(user: User, session: str) -> None:
    """Until it is acknowledged: a post that was cut off is repeated with its key."""
    try:
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"key-{session}"}
        await user.post_message(session, CONVERSATION, agent="lead", headers=headers)
    except LOST_LINE:
        pass


async def all_answered(user: User, sessions: list[str]) -> bool:
    tasks = [(await user.get(f"/my/tasks/?session_id={session}")).expect(200)["items"] for session in sessions]
    return all(each and all(task["status"] == "completed" for task in each) for each in tasks)


async def whole_log(user: User, session: str) -> list[dict]:
    def is_told(event: dict) -> bool:
        return event["type"] == "TASK_COMPLETED" and "message_id" in event["payload"]

    async with user.stream(session, since="0") as stream:
        return [event for event in await stream.until(is_told) if is_logged(event)]


def assert_asked_once(log: list[dict]) -> None:
    assert [seq(event) for event in log] == list(range(1, len(log) + 1)), "a gap or a repetition"
    counts = collections.Counter(event["type"] for event in log)
    assert counts["TOOL_CALL"] == counts["TOOL_RESULT"] == 3, counts
    assert counts["AGENT_MESSAGE"] == 6, counts
    assert not [event for event in log if event["type"] == "TOOL_RESULT" and event["payload"]["failed"]]
    done = collections.Counter(event["task_id"] for event in log if event["type"] == "TASK_COMPLETED")
    assert len(done) == 4 and set(done.values()) == {1}, done


@pytest.mark.watchdog(120 + 10 * settings.CRASHES)
async def test_questions_survive_kill_9_at_any_moment(start_server, connect, provider):
    first = [ask("one", "[[slow 0.05]][[say a]]"), ask("two", "[[slow 0.03]][[say b]]")]
    provider.converse(CONVERSATION, first, [ask("one", "[[slow 0.04]][[say c]]")], "[[say all-of-it]]")
    server = start_server()
    user, dice = await connect(server).new_user(), random.Random(9)
    for name in ("lead", "one", "two"):
        await user.new_agent(name, tools=TOOLS)
    for _ in range(max(2, settings.CRASHES // SESSIONS)):
        sessions = [await user.new_session(unique()) for _ in range(SESSIONS)]
        posts = [asyncio.ensure_future(post(user, session)) for session in sessions]
        await asyncio.sleep(dice.uniform(0, 0.3))  # the moment, not a wait for anything
        server.kill()
        await asyncio.gather(*posts)
        await asyncio.to_thread(server.start)
        await user.api.aclose()
        user.api = Api(server)
        await asyncio.gather(*(post(user, session) for session in sessions))
        await eventually(lambda: all_answered(user, sessions), "all to be answered", 60)
        for session in sessions:
            assert_asked_once(await whole_log(user, session))
            assert (await user.messages(session))[-1]["content"] == "all-of-it"
    await user.api.aclose()
    user.api = connect(server)
