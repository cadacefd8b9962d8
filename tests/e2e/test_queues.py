"""How many tasks of an agent run at the same time, how many wait, and whose turn it is."""

import asyncio

import pytest

import settings
from client import unique
from streams import types
from waiting import eventually


async def answered(user, tasks: list[dict], status: str = "completed") -> None:
    async def all_ended() -> bool:
        return all([(await user.task(task["id"]))["status"] == status for task in tasks])

    await eventually(all_ended, "the tasks to end", 30)


async def test_an_agent_works_on_three_tasks_and_the_others_wait_their_turn(api, provider):
    user = await api.new_user()
    gate = unique("gate")
    sessions = [await user.new_session() for _ in range(5)]
    async with user.stream(sessions[4], since="0") as stream:
        tasks = [await user.say_async(session, f"[[gate {gate}]]") for session in sessions]
        assert [task["status"] for task in tasks] == ["running"] * 3 + ["queued"] * 2
        await eventually(lambda: len(provider.asked(gate)) == 3, "three questions to the model")
        other = await user.say(await user.new_session(), "[[say at once]]", "asker")
        assert other["content"] == "at once"
        assert len(provider.asked(gate)) == 3
        provider.open_gate(gate)
        told = types(await stream.until_type("TASK_COMPLETED"))
    await answered(user, tasks)
    assert told.index("TASK_QUEUED") < told.index("TASK_STARTED") < told.index("CONTEXT_RETRIEVED")


async def test_no_session_keeps_the_others_waiting(api, provider):
    user = await api.new_user()
    agent = (await user.new_agent("single", concurrency_limit=1))["name"]
    greedy, modest = await user.new_session(), await user.new_session()
    gate = unique("gate")
    tasks = [await user.say_async(greedy, f"[[gate {gate}]] greedy {index}", agent) for index in range(4)]
    tasks.append(await user.say_async(modest, f"[[gate {gate}]] modest", agent))
    provider.open_gate(gate)
    await answered(user, tasks)
    order = sorted(tasks, key=lambda task: task["id"])
    ended = [(await user.task(task["id"]))["completed_at"] for task in order]
    assert ended[4] < ended[2]


async def test_each_task_that_waited_is_done_by_its_own_agent(api, provider):
    user, gate = await api.new_user(), unique("gate")
    names = ["one", "two", "three"]
    for name in names:
        await user.new_agent(name, concurrency_limit=1, system_prompt=f"I am {name}.")
    sessions = {name: await user.new_session() for name in names}
    tasks = []
    for _ in range(2):
        tasks += [await user.say_async(sessions[name], f"[[gate {gate}]][[say so]] to {name}", name) for name in names]
    provider.open_gate(gate)
    await answered(user, tasks)
    for name in names:
        said = [each for each in await user.messages(sessions[name]) if each["role"] == "assistant"]
        assert [each["agent_name"] for each in said] == [name] * 2
        asked = provider.asked(f"to {name}")
        assert [request["body"]["messages"][0]["content"].startswith(f"I am {name}.") for request in asked] == [True] * 2


@pytest.mark.watchdog(120)
async def test_a_full_queue_refuses_and_nothing_is_stored(api, provider):
    user = await api.new_user()
    agent = (await user.new_agent("single", concurrency_limit=1))["name"]
    session = await user.new_session()
    gate = unique("gate")
    tasks = [await user.say_async(session, f"[[gate {gate}]]", agent) for _ in range(101)]
    reply = await user.post_message(session, "one too many", agent)
    assert reply.status == 429 and reply.json["code"] == "queue_full"
    assert int(reply.headers["Retry-After"]) > 0
    assert len(await user.messages(session, "?limit=200")) == 101
    provider.open_gate(gate)
    await answered(user, tasks)
    assert (await user.post_message(session, "now there is room", agent)).status == 200


async def test_a_task_that_waits_too_long_fails_and_says_so(start_server, connect, provider):
    api = connect(start_server(**{settings.MAX_QUEUE: "1"}))
    user = await api.new_user()
    agent = (await user.new_agent("single", concurrency_limit=1))["name"]
    session = await user.new_session()
    gate = unique("gate")
    first = await user.say_async(session, f"[[gate {gate}]]", agent)
    reply = await user.post_message(session, "no time", agent)
    assert reply.status == 503 and reply.json["code"] == "overloaded"
    assert int(reply.headers["Retry-After"]) > 0
    provider.open_gate(gate)
    await answered(user, [first])
    assert (await user.post_message(session, "now there is time", agent)).status == 200


@pytest.mark.watchdog(90)
async def test_what_waits_at_a_shutdown_is_begun_once_and_elsewhere(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    agent = (await user.new_agent("single", concurrency_limit=1))["name"]
    session = await user.new_session()
    gate = unique("gate")
    first = await user.say_async(session, f"[[gate {gate}]]", agent)
    second = await user.say_async(session, "[[say in time]]", agent)
    assert (first["status"], second["status"]) == ("running", "queued")
    await eventually(lambda: provider.asked(gate), "the provider to be asked")
    server.terminate()
    provider.open_gate(gate)
    assert await asyncio.to_thread(server.wait_ended) == 0
    server.start()
    await answered(user, [first, second])
    async with user.stream(session, since="0") as stream:
        seen = await stream.until(
            lambda event: event["type"] == "TASK_COMPLETED" and event["task_id"] == second["id"])
    starts = [event["payload"]["attempt"] for event in seen
              if event["type"] == "TASK_STARTED" and event["task_id"] == second["id"]]
    assert starts == [1]
