"""A task that its user has cancelled is over at once, whoever works on it, and stays so."""

import asyncio

import pytest

import settings
from client import unique
from streams import types
from test_processes import at
from waiting import eventually


async def test_a_running_task_is_cancelled_and_its_model_let_go(api, provider):
    user, word = await api.new_user(), unique()
    session = await user.new_session()
    async with user.stream(session, since="0") as stream:
        posting = asyncio.ensure_future(user.post_message(session, f"[[hang after 2]][[tokens 5]] {word}"))
        told = await stream.until(lambda event: event["type"] == "MESSAGE_DELTA")
        task = told[-1]["task_id"]
        cancelled = (await user.post(f"/my/tasks/{task}/cancel")).expect(200)
        assert cancelled["status"] == "cancelled" and cancelled["error"]["code"] == "cancelled"
        assert types(await stream.until_type("TASK_CANCELLED"))[-1] == "TASK_CANCELLED"
    (await posting).problem(409, "cancelled")
    await eventually(lambda: provider.asked(word)[0]["let_go"], "the model to be let go", 20)
    assert (await user.post(f"/my/tasks/{task}/cancel")).expect(200)["status"] == "cancelled"
    assert [message["role"] for message in await user.messages(session)] == ["user"]
    assert (await user.say(session, "[[say still there]]"))["content"] == "still there"


async def test_a_waiting_task_is_cancelled_and_never_begun(api, provider):
    user, gate = await api.new_user(), unique("gate")
    agent = (await user.new_agent("single", concurrency_limit=1))["name"]
    session = await user.new_session()
    first = await user.say_async(session, f"[[gate {gate}]]", agent)
    second = await user.say_async(session, f"[[say second]] {unique('second')}", agent)
    assert second["status"] == "queued"
    (await user.post(f"/my/tasks/{second['id']}/cancel")).expect(200)
    provider.open_gate(gate)

    async def first_ended() -> bool:
        return (await user.task(first["id"]))["status"] == "completed"

    await eventually(first_ended, "the first task to end")
    assert (await user.say(session, "[[say third]]", agent))["content"] == "third"
    assert (await user.task(second["id"]))["status"] == "cancelled"
    assert not provider.asked("[[say second]]")


async def test_what_has_ended_is_not_cancelled(api, provider):
    user, other = await api.new_user(), await api.new_user()
    session = await user.new_session()
    task = (await user.say(session, "hello"))["task_id"]
    (await user.post(f"/my/tasks/{task}/cancel")).problem(409, "state_conflict")
    (await other.post(f"/my/tasks/{task}/cancel")).problem(404, "not_found")
    assert (await user.task(task))["status"] == "completed"


@pytest.mark.skipif(not settings.MANY, reason="needs several processes")
async def test_a_task_of_another_process_is_cancelled(start_processes, connect, provider):
    first, second = [connect(server) for server in start_processes(2)]
    user, word = await first.new_user(), unique()
    session = await user.new_session()
    task = await user.say_async(session, f"[[hang]] {word}")
    await eventually(lambda: len(provider.asked(word)) == 1, "the question")
    (await at(user, second).post(f"/my/tasks/{task['id']}/cancel")).expect(200)
    assert (await user.task(task["id"]))["status"] == "cancelled"
    await eventually(lambda: provider.asked(word)[0]["let_go"], "the model to be let go", 30)
