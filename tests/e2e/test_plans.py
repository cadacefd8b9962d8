"""Messages that name no agent: who answers them, and how a plan of several agents is made and worked off."""

import asyncio
import json

import pytest

import settings
from client import unique
from scripted_openai import most_at_once
from streams import types
from waiting import eventually


def node(name: str, instruction: str, *needs: str, agent: str = "coder") -> dict:
    return {"id": name, "agent": agent, "instruction": instruction, "expected_output": "", "depends_on": list(needs)}


def plan(*nodes: dict) -> str:
    return json.dumps({"goal": "what was asked", "nodes": nodes})


def diamond(gate: str) -> str:
    return plan(
        node("facts", "[[say fact-of-facts]]"),
        node("left", f"[[gate {gate}]][[say left-done]]", "facts", agent="architect"),
        node("right", f"[[gate {gate}]][[say right-done]]", "facts", agent="debugger"),
        node("end", "[[say end-done]]", "left", "right", agent="asker"),
    )


async def plan_of(user, session: str, task: dict) -> dict:
    """The plan of a task, by the event that told of it."""
    async with user.stream(session, since="0") as stream:
        events = await stream.until_type("PLAN_CREATED")
    created = [event for event in events if event["type"] == "PLAN_CREATED" and event["task_id"] == task["id"]]
    return (await user.get(f"/my/plans/{created[0]['payload']['plan_id']}")).expect(200)


async def start(user, session: str, content: str) -> dict:
    task = await user.say_async(session, content, agent=None)
    assert task["kind"] == "plan" and task["agent_name"] == "orchestrator"
    return task


async def ended(user, task: dict, status: str = "completed") -> dict:
    async def is_so() -> bool:
        return (await user.task(task["id"]))["status"] == status

    await eventually(is_so, f"the task to be {status}", 60)
    return await user.task(task["id"])


async def test_a_diamond_runs_its_middle_at_the_same_time_and_passes_results_on(api, provider):
    user, gate = await api.new_user(), unique("gate")
    session, word = await user.new_session(), unique()
    provider.plan(word, diamond(gate))
    task = await start(user, session, f"First find the facts, then judge them: {word}")
    await eventually(lambda: len(provider.asked(gate)) == 2, "both middle nodes to be asked")
    assert all("fact-of-facts" in request["text"] for request in provider.asked(gate))
    provider.open_gate(gate)
    await ended(user, task)
    made = await plan_of(user, session, task)
    assert made["status"] == "completed"
    assert [each["status"] for each in made["nodes"]] == ["completed"] * 4
    assert [each["result"] for each in made["nodes"]] == ["fact-of-facts", "left-done", "right-done", "end-done"]
    last = provider.asked("[[say end-done]]")[0]["text"]
    assert "left-done" in last and "right-done" in last
    answer = (await user.messages(session))[-1]
    assert answer["agent_name"] == "orchestrator" and "end-done" in answer["content"]
    assert answer["usage"]["completion_tokens"] > 0
    steps = (await user.get(f"/my/tasks/?session_id={session}")).expect(200)["items"]
    assert [each["kind"] for each in steps].count("step") == 4
    assert all(each["parent_id"] == task["id"] for each in steps if each["kind"] == "step")


async def test_the_story_of_a_plan_is_told(api, provider):
    user, session, word = await api.new_user(), None, unique()
    session = await user.new_session()
    provider.plan(word, plan(node("one", "[[say done-one]]"), node("two", "[[say done-two]]", "one")))
    async with user.post_streaming(session, f"First one, then two: {word}", agent=None) as stream:
        told = types(await stream.until_type("TASK_COMPLETED"))
    assert told.index("PLAN_CREATED") < told.index("PLAN_UPDATED") < told.index("TASK_COMPLETED")
    assert "MESSAGE_DELTA" in told


@pytest.mark.parametrize("content", ["Hello!", "What does the word 'heap' mean?"])
async def test_small_talk_goes_to_one_agent_without_a_plan(api, provider, content):
    user = await api.new_user()
    session, word = await user.new_session(), unique()
    answer = await user.say(session, f"{content} {word}", agent=None)
    assert answer["agent_name"] in ("architect", "coder", "debugger", "asker")
    assert len(provider.asked(word)) == 1


async def test_the_orchestrator_can_be_named(api, provider):
    user = await api.new_user()
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("only", "[[say the-only-result]]")))
    answer = await user.say(session, f"@orchestrator do {word}", agent=None)
    assert answer["content"] == "the-only-result"


CIRCLE = plan(node("a", "x", "b"), node("b", "y", "a"))
STRANGER = plan(node("a", "x", agent="nobody"))
GOOD = plan(node("a", "[[say good-a]]"), node("b", "[[say good-b]]"))


@pytest.mark.parametrize("bad", [CIRCLE, STRANGER, GOOD[:40], "I would rather not."])
async def test_a_bad_plan_is_mended_by_asking_again(api, provider, bad):
    user = await api.new_user()
    session, word = await user.new_session(), unique()
    provider.plan(word, bad, f"Here you are:\n```json\n{GOOD}\n```\nGood luck!")
    answer = await user.say(session, f"First a, then b: {word}", agent=None)
    assert "good-a" in answer["content"] and "good-b" in answer["content"]


async def test_without_a_plan_that_can_be_mended_one_agent_answers_as_if_it_had_been_named(api, provider):
    user = await api.new_user()
    session, word = await user.new_session(), unique()
    provider.plan(word, CIRCLE)
    await user.say(session, "[[say what-was-said-before]]")
    async with user.post_streaming(session, f"First a, then b: {word}", agent=None) as stream:
        told = await stream.until_type("TASK_COMPLETED")
    assert "PLAN_CREATED" not in types(told) and "MESSAGE_DELTA" in types(told)
    answer = (await user.messages(session))[-1]
    assert answer["content"].startswith("echo: First a") and answer["agent_name"] in settings.STARTER_TEAM
    task = await user.task(answer["task_id"])
    assert task["kind"] == "direct" and task["agent_name"] == answer["agent_name"]
    last = provider.asked(word)[-1]["body"]["messages"]
    assert "what-was-said-before" in str(last) and str(last).count(word) == 1
    assert answer["usage"]["prompt_tokens"] > provider.asked(word)[-1]["usage"]["prompt_tokens"], "planning counts too"

    async def remembered() -> bool:
        return (await user.get(f"/my/agents/{answer['agent_name']}/memory/")).expect(200)["total"] > 0

    await eventually(remembered, "the answer to be remembered")


async def test_a_node_that_fails_is_reported_and_hangs_nothing(api, provider):
    user = await api.new_user()
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(
        node("bad", "[[status 400]]"), node("behind", "[[say never]]", "bad"), node("good", "[[say good-done]]")))
    task = await start(user, session, f"First bad, then good: {word}")
    await ended(user, task)
    made = await plan_of(user, session, task)
    assert [each["status"] for each in made["nodes"]] == ["failed", "skipped", "completed"]
    assert made["nodes"][0]["error"]["code"] == "model_failed"
    assert "good-done" in (await user.messages(session))[-1]["content"]
    assert not [each for each in provider.asked("[[say never]]") if each["text"].startswith("[[say never]]")]


async def test_a_plan_of_which_nothing_is_done_fails(api, provider):
    user = await api.new_user()
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("bad", "[[status 400]]"), node("too", "[[status 400]]")))
    task = await start(user, session, f"First bad, then too: {word}")
    assert (await ended(user, task, "failed"))["error"]["code"] == "model_failed"


async def test_a_plan_that_takes_too_long_is_ended_with_what_it_has(api, provider):
    user, gate = await api.new_user(), unique("gate")
    (await user.put("/my/orchestrator", {"max_seconds": 1})).expect(200)
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("quick", "[[say quick-done]]"), node("slow", f"[[gate {gate}]]"),
                             node("behind", "[[say never]]", "slow")))
    task = await start(user, session, f"First quick, then slow: {word}")
    await ended(user, task)
    made = await plan_of(user, session, task)
    assert [each["status"] for each in made["nodes"]] == ["completed", "cancelled", "skipped"]
    assert "quick-done" in (await user.messages(session))[-1]["content"]
    provider.open_gate(gate)


async def held_agent(user, gate: str) -> tuple[str, dict]:
    """An agent that does one thing at a time, and is at it until the gate opens."""
    name = (await user.new_agent(unique("single"), concurrency_limit=1))["name"]
    return name, await user.say_async(await user.new_session(), f"[[gate {gate}]]", name)


async def test_a_plan_of_which_nothing_begins_in_time_is_ended(start_server, connect, provider):
    user, gate = await connect(start_server(**{settings.MAX_QUEUE: "1"})).new_user(), unique("gate")
    agent, holding = await held_agent(user, gate)
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("a", "[[say never]]", agent=agent), node("b", "[[say never]]", "a")))
    task = await start(user, session, f"First a, then b: {word}")
    assert (await ended(user, task, "failed"))["error"]["code"] == "plan_failed"
    assert [each["status"] for each in (await plan_of(user, session, task))["nodes"]] == ["skipped"] * 2
    provider.open_gate(gate)
    await ended(user, holding)
    assert (await user.post_message(session, "[[say free]]", agent)).status == 200


@pytest.mark.parametrize("in_time", [True, False])
async def test_a_message_without_a_plan_waits_for_its_one_agent_as_any_other(start_server, connect, provider, in_time):
    user, gate = await connect(start_server(**{settings.MAX_QUEUE: "60" if in_time else "1"})).new_user(), unique("gate")
    for other in settings.STARTER_TEAM:
        (await user.delete(f"/my/agents/{other}")).expect(204)
    (await user.post("/my/agents/", {"name": "weather", "config": {"system_prompt": "Rain, snow and hail."}})).expect(201)
    agent, holding = await held_agent(user, gate)
    session, word = await user.new_session(), unique()
    provider.plan(word, CIRCLE)
    task = await start(user, session, f"First {agent} {agent}, then {agent} {agent}: {word}")
    if in_time:
        async with user.stream(session, since="0") as stream:
            await stream.until_type("DIRECT_AGENT_CALL")
        provider.open_gate(gate)
        assert (await ended(user, task))["agent_name"] == agent
        assert (await user.messages(session))[-1]["agent_name"] == agent
    else:
        assert (await ended(user, task, "failed"))["error"]["code"] == "overloaded"
        provider.open_gate(gate)
    await ended(user, holding)


async def test_settings_are_the_users_own(api):
    user, other = await api.new_user(), await api.new_user()
    settings = (await user.get("/my/orchestrator")).expect(200)
    assert settings["enabled"] is True and settings["max_nodes"] == 8
    changed = (await user.put("/my/orchestrator", {"enabled": False, "instructions": "Be brief."})).expect(200)
    assert changed == {**settings, "enabled": False, "instructions": "Be brief."}
    assert (await user.get("/my/orchestrator")).expect(200) == changed
    assert (await other.get("/my/orchestrator")).expect(200) == settings
    (await user.put("/my/orchestrator", {"max_nodes": 0})).problem(422, "validation_failed")
    session = await user.new_session()
    (await user.post_message(session, "hello", agent=None)).problem(422, "target_required")


async def test_another_users_plan_is_not_found(api, provider):
    user, other = await api.new_user(), await api.new_user()
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("a", "[[say a]]"), node("b", "[[say b]]")))
    task = await start(user, session, f"First a, then b: {word}")
    await ended(user, task)
    made = await plan_of(user, session, task)
    (await other.get(f"/my/plans/{made['id']}")).problem(404, "plan_not_found")
    (await user.delete(f"/my/chat/sessions/{session}")).expect(204)
    (await user.get(f"/my/plans/{made['id']}")).problem(404, "plan_not_found")


async def test_a_cancelled_plan_stops_with_all_its_nodes(api, provider):
    user, first = await api.new_user(), unique("first")
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("a", f"[[hang]] {first}"), node("b", "[[say never]]", "a")))
    task = await start(user, session, f"First a, then b: {word}")
    await eventually(lambda: len(provider.asked(first)) == 1, "the first node to be asked")
    made = await plan_of(user, session, task)
    cancelled = (await user.post(f"/my/plans/{made['id']}/cancel")).expect(200)
    assert cancelled["status"] == "cancelled"
    assert [each["status"] for each in cancelled["nodes"]] == ["cancelled"] * 2
    assert (await user.task(cancelled["nodes"][0]["task_id"]))["status"] == "cancelled"
    await eventually(lambda: provider.asked(first)[0]["let_go"], "the model to be let go", 20)
    async with user.stream(session, since="0") as stream:
        told = await stream.until(lambda event: event["type"] == "TASK_CANCELLED" and event["task_id"] == task["id"])
    step = cancelled["nodes"][0]["task_id"]
    assert [event["task_id"] for event in told if event["type"] == "TASK_CANCELLED"] == [step, task["id"]]
    last = [event["payload"] for event in told if event["type"] == "PLAN_UPDATED"][-1]
    assert [each["status"] for each in last["nodes"]] == ["cancelled"] * 2 and last["version"] == cancelled["version"]
    assert (await user.post(f"/my/plans/{made['id']}/cancel")).expect(200)["status"] == "cancelled"


async def test_no_more_nodes_run_at_once_than_the_user_wants(api, provider):
    user = await api.new_user()
    (await user.put("/my/orchestrator", {"max_parallel": 1})).expect(200)
    session, word = await user.new_session(), unique()
    team = ("coder", "architect", "debugger", "asker")
    provider.plan(word, plan(*(node(name, "[[slow 0.05]][[say done]]", agent=name) for name in team)))
    provider.reset()
    await ended(user, await start(user, session, f"First one, then another: {word}"))
    assert provider.max_concurrency == 1


async def test_a_plan_that_costs_too_much_begins_nothing_more(api, provider):
    user = await api.new_user()
    (await user.put("/my/orchestrator", {"max_cost_usd": 0.00000001})).expect(200)
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("a", "[[say a]]"), node("b", "[[say b]]")))
    task = await start(user, session, f"First a, then b: {word}")
    assert (await ended(user, task, "failed"))["error"]["code"] == "plan_failed"
    assert [each["status"] for each in (await plan_of(user, session, task))["nodes"]] == ["skipped"] * 2


async def test_a_plan_that_has_cost_enough_is_ended_with_what_it_has(api, provider):
    user = await api.new_user()
    nodes = plan(node("a", "[[say done-a]]"), node("b", "[[say done-b]]", "a"))
    whole_session, word = await user.new_session(), unique()
    provider.plan(word, nodes)
    whole = await start(user, whole_session, f"First a, then b: {word}")
    await ended(user, whole)
    made = await plan_of(user, whole_session, whole)
    first = made["planning"]["cost_usd"] + made["nodes"][0]["usage"]["cost_usd"] / 2
    (await user.put("/my/orchestrator", {"max_cost_usd": first})).expect(200)
    session, word = await user.new_session(), unique()
    provider.plan(word, nodes)
    task = await start(user, session, f"First a, then b: {word}")
    await ended(user, task)
    assert [each["status"] for each in (await plan_of(user, session, task))["nodes"]] == ["completed", "skipped"]
    assert "done-a" in (await user.messages(session))[-1]["content"]


async def test_a_node_whose_model_fails_for_a_while_is_tried_again(api, provider):
    user = await api.new_user()
    session, word, flaky = await user.new_session(), unique(), unique("flaky")
    provider.plan(word, plan(node("a", f"[[status 500 times 3]][[say done-a]] {flaky}"), node("b", "[[say done-b]]")))
    task = await start(user, session, f"First a, then b: {word}")
    await ended(user, task)
    assert [each["status"] for each in (await plan_of(user, session, task))["nodes"]] == ["completed"] * 2
    assert len(provider.asked(flaky)) == 4


async def test_results_that_no_model_puts_together_are_not_lost(api, provider):
    user, gate = await api.new_user(), unique("gate")
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("a", "[[say done-a]]"), node("b", f"[[gate {gate}]][[say done-b]]", "a")))
    task = await start(user, session, f"First a, then b: {word}")
    await eventually(lambda: len(provider.asked(gate)) == 1, "the last node to be asked")
    provider.queue("[[status 400]]")
    provider.open_gate(gate)
    await ended(user, task)
    answer = (await user.messages(session))[-1]["content"]
    assert "could not be put together" in answer and "done-a" in answer and "done-b" in answer


async def test_a_node_that_waits_for_its_busy_agent_keeps_no_other_waiting_and_can_be_edited(api, provider):
    user, gate = await api.new_user(), unique("gate")
    (await user.put("/my/orchestrator", {"max_parallel": 1})).expect(200)
    agent, holding = await held_agent(user, gate)
    session, word = await user.new_session(), unique()
    provider.plan(word, plan(node("a", "[[say done-a]]", agent=agent), node("b", "[[say done-b]]")))
    task = await start(user, session, f"First a, then b: {word}")

    async def second_is_done() -> bool:
        return (await plan_of(user, session, task))["nodes"][1]["status"] == "completed"

    await eventually(second_is_done, "the other node to be done")
    made = await plan_of(user, session, task)
    assert made["nodes"][0]["status"] == "pending"
    edit = {"version": made["version"], "nodes": [node("a", "[[say done-a]]", agent="asker")]}
    (await user.patch(f"/my/plans/{made['id']}", edit)).expect(200)
    await ended(user, task)
    done = await plan_of(user, session, task)
    results = {each["id"]: (each["agent"], each["result"]) for each in done["nodes"]}
    assert results == {"a": ("asker", "done-a"), "b": ("coder", "done-b")}
    provider.open_gate(gate)
    await ended(user, holding)


async def test_a_node_that_is_refused_comes_again_when_it_was_told_to(api, provider):
    user = await api.new_user()
    session, word, busy = await user.new_session(), unique(), unique("busy")
    provider.plan(word, plan(node("a", f"[[status 429 retry-after 1 times 7]][[say done-a]] {busy}"),
                             node("b", "[[say done-b]]")))
    task = await start(user, session, f"First a, then b: {word}")
    await ended(user, task)
    assert [each["status"] for each in (await plan_of(user, session, task))["nodes"]] == ["completed"] * 2


async def test_a_deleted_agents_node_is_not_done(api, provider):
    user, gate, word = await api.new_user(), unique("gate"), unique()
    await user.new_agent("extra", concurrency_limit=1)
    session = await user.new_session()
    busy = await user.say_async(await user.new_session(), f"[[gate {gate}]]", "extra")
    provider.plan(word, plan(node("a", "[[say never]]", agent="extra"), node("b", "[[say done-b]]")))
    task = await start(user, session, f"First a, then b: {word}")

    async def second_is_done() -> bool:
        return (await plan_of(user, session, task))["nodes"][1]["status"] == "completed"

    await eventually(second_is_done, "the other node to be done")
    (await user.delete("/my/agents/extra")).expect(204)
    provider.open_gate(gate)
    await ended(user, task)
    assert (await plan_of(user, session, task))["nodes"][0]["error"]["code"] == "agent_not_found"
    await ended(user, busy)


@pytest.mark.watchdog(240)
async def test_many_plans_at_once_stay_inside_every_bound(api, provider):
    word = unique()
    provider.plan(word, plan(node("a", "[[slow 0.01]][[say a]]"), node("b", "[[slow 0.01]][[say b]]"),
                             node("end", "[[slow 0.01]][[say end]]", "a", "b")))
    users = {unique("user"): await api.new_user() for _ in range(10)}
    provider.reset()

    async def of_one(name: str, user) -> None:
        sessions = [await user.new_session() for _ in range(20)]
        tasks = [await start(user, session, f"First a, then b: {word} {name} [[slow 0.02]]") for session in sessions]
        for task in tasks:
            await ended(user, task)

    await asyncio.gather(*(of_one(*each) for each in users.items()))
    for name in users:
        asked = provider.asked(name)
        nodes = [request for request in asked if "This is a part of the user's request" in request["text"]]
        answers = [request for request in asked if "The results:" in request["text"]]
        assert len(nodes) == 60 and len(answers) == 20
        assert 2 <= most_at_once(nodes) <= 3, "three tasks of an agent at a time"
        assert most_at_once(answers) <= 3, "three plans of a user at a time"
