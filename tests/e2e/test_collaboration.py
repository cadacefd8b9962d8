"""Agents that call tools: one asks another of the same user, or searches its own memory."""

import asyncio
import json

import pytest

from client import unique
from streams import types
from waiting import eventually

TOOLS = ["ask_agent", "memory_search"]


def ask(agent: str, message: str) -> tuple[str, dict]:
    return "ask_agent", {"agent": agent, "message": message}


async def new_team(api, *names: str):
    """A user with agents that may call tools."""
    user = await api.new_user()
    for name in names:
        await user.new_agent(name, tools=TOOLS, system_prompt=f"You are {name}.")
    return user


async def told(user, session: str, task: dict, until: str = "TASK_COMPLETED") -> list[dict]:
    """The session's events until the task's end."""
    async with user.stream(session, since="0") as stream:
        return await stream.until(lambda event: event["type"] == until and event.get("task_id") == task["id"])


def results_in(request: dict) -> list[str]:
    return [message["content"] for message in request["body"]["messages"] if message["role"] == "tool"]


async def test_an_agent_asks_another_one_and_answers_with_what_it_learnt(api, provider):
    user = await new_team(api, "lead", "expert")
    session, word, question = await user.new_session(), unique(), unique("question")
    provider.converse(word, [ask("expert", f"[[say the-facts]] {question}")], "[[say so-it-is]]")
    answer = await user.say(session, f"@lead {word}", agent=None)
    assert answer["content"] == "so-it-is" and answer["agent_name"] == "lead"
    first, last = provider.asked(word)
    assert [tool["function"]["name"] for tool in first["body"]["tools"]] == ["memory_search", "ask_agent"]
    assert results_in(last) == ["the-facts"]
    (asked,) = provider.asked(question)
    assert asked["body"]["messages"][0]["content"].startswith("You are expert.")
    assert "The agent lead asks you" in asked["text"]
    assert answer["usage"]["completion_tokens"] >= 3


async def test_the_story_of_a_question_is_told(api, provider):
    user = await new_team(api, "lead", "expert")
    session, word = await user.new_session(), unique()
    provider.converse(word, [ask("expert", "[[say the-facts]]")], "[[say so-it-is]]")
    task = await user.say_async(session, word, agent="lead")
    events = await told(user, session, task)
    of_task = [event for event in events if event.get("task_id") == task["id"]]
    assert types(of_task) == [
        "MESSAGE_CREATED", "DIRECT_AGENT_CALL", "TASK_STARTED", "CONTEXT_RETRIEVED", "TOOL_CALL", "AGENT_MESSAGE",
        "AGENT_MESSAGE", "TOOL_RESULT", "MESSAGE_DELTA", "MESSAGE_CREATED", "TASK_COMPLETED"]
    question, reply = [event["payload"] for event in of_task if event["type"] == "AGENT_MESSAGE"]
    assert (question["from"], question["to"], question["content"]) == ("lead", "expert", "[[say the-facts]]")
    assert (reply["from"], reply["to"], reply["content"]) == ("expert", "lead", "the-facts")
    step = await user.task(question["step_task_id"])
    assert step["kind"] == "step" and step["parent_id"] == task["id"] and step["status"] == "completed"
    of_step = [event for event in events if event.get("task_id") == step["id"]]
    assert types(of_step) == ["TASK_STARTED", "CONTEXT_RETRIEVED", "TASK_COMPLETED"]


async def test_two_are_asked_at_the_same_time(api, provider):
    user = await new_team(api, "lead", "one", "two")
    session, word, gate = await user.new_session(), unique(), unique("gate")
    questions = [ask("one", f"[[gate {gate}]][[say from-one]]"), ask("two", f"[[gate {gate}]][[say from-two]]")]
    provider.converse(word, questions, "[[say both]]")
    task = await user.say_async(session, word, agent="lead")
    await eventually(lambda: len(provider.asked(gate)) == 2, "both to be asked")
    provider.open_gate(gate)
    await told(user, session, task)
    assert results_in(provider.asked(word)[-1]) == ["from-one", "from-two"]


async def test_who_waits_for_an_answer_holds_no_slot(api, provider):
    user = await api.new_user()
    await user.new_agent("lead", tools=TOOLS, concurrency_limit=1)
    await user.new_agent("expert")
    session, other, word, gate = await user.new_session(), await user.new_session(), unique(), unique("gate")
    provider.converse(word, [ask("expert", f"[[gate {gate}]][[say facts]]")], "[[say done]]")
    task = await user.say_async(session, word, agent="lead")
    await eventually(lambda: len(provider.asked(gate)) == 1, "the expert to be asked")
    assert (await user.say(other, "[[say meanwhile]]", agent="lead"))["content"] == "meanwhile"
    provider.open_gate(gate)
    await told(user, session, task)
    assert (await user.messages(session))[-1]["content"] == "done"


async def test_an_agent_searches_its_memory(api, provider):
    user = await new_team(api, "lead")
    session, word = await user.new_session(), unique()
    (await user.post("/my/agents/lead/memory/", {"text": "The harbour master is called Vidarsson."})).expect(201)
    provider.converse(word, [("memory_search", {"query": "Who is the harbour master?"})], "[[say found]]")
    assert (await user.say(session, word, agent="lead"))["content"] == "found"
    assert "Vidarsson" in results_in(provider.asked(word)[-1])[0]


@pytest.mark.parametrize(("call", "why"), [
    (ask("lead", "me"), "waits for your answer"),
    (ask("nobody", "you"), "no agent nobody"),
    (("ask_agent", {"agent": "expert"}), "message"),
    (("ask_agent", "no json"), "not JSON"),
    (("format_disk", {}), "no tool format_disk"),
    (("memory_search", {"query": ""}), "query"),
])
async def test_a_call_that_cannot_be_done_is_refused_with_its_reason(api, provider, call, why):
    user = await new_team(api, "lead", "expert")
    session, word = await user.new_session(), unique()
    provider.converse(word, [call], "[[say all-the-same]]")
    task = await user.say_async(session, word, agent="lead")
    events = await told(user, session, task)
    (result,) = [event["payload"] for event in events if event["type"] == "TOOL_RESULT"]
    assert result["failed"] is True and why in result["preview"]
    assert (await user.messages(session))[-1]["content"] == "all-the-same"


async def test_agents_do_not_ask_in_a_circle(api, provider):
    user = await new_team(api, "one", "two", "three")
    session, first, second = await user.new_session(), unique("first"), unique("second")
    provider.converse(first, [ask("two", second)], "[[say end-of-one]]")
    provider.converse(second, [ask("one", "and back")], "[[say end-of-two]]")
    assert (await user.say(session, first, agent="one"))["content"] == "end-of-one"
    assert "one waits for your answer" in results_in(provider.asked(second)[-1])[0]
    # Nor is it told that it could.
    (spec,) = [tool for tool in provider.asked(second)[0]["body"]["tools"] if tool["function"]["name"] == "ask_agent"]
    choices = spec["function"]["parameters"]["properties"]["agent"]["enum"]
    assert "three" in choices and "one" not in choices and "two" not in choices


async def test_no_more_than_three_wait_for_one_another(api, provider):
    user = await new_team(api, "one", "two", "three")
    session, first, second, third = await user.new_session(), unique("first"), unique("second"), unique("third")
    provider.converse(first, [ask("two", second)], "[[say end-of-one]]")
    provider.converse(second, [ask("three", third)], "[[say end-of-two]]")
    provider.converse(third, "[[say end-of-three]]")
    assert (await user.say(session, first, agent="one"))["content"] == "end-of-one"
    tools = [tool["function"]["name"] for tool in provider.asked(third)[0]["body"].get("tools", [])]
    assert "ask_agent" not in tools


async def test_a_model_that_calls_tools_for_ever_is_made_to_answer(api, provider):
    user = await new_team(api, "lead")
    session, word = await user.new_session(), unique()
    provider.converse(word, [("memory_search", {"query": "again"})])
    (await user.post_message(session, f"{word} [[say enough]]", agent="lead")).expect(200)
    assert len(provider.asked(word)) == 17
    assert provider.asked(word)[-1]["body"]["tool_choice"] == "none"
    assert (await user.messages(session))[-1]["content"] == "enough"


async def test_what_the_model_says_between_its_calls_is_part_of_the_answer(api, provider):
    user = await new_team(api, "lead")
    session, word = await user.new_session(), unique()
    provider.converse(word, [("memory_search", {"query": "x"})], "[[say and that is all]]")
    async with user.post_streaming(session, word, agent="lead") as stream:
        events = await stream.until_type("TASK_COMPLETED")
    text = "".join(event["payload"]["text"] for event in events if event["type"] == "MESSAGE_DELTA")
    assert text == (await user.messages(session))[-1]["content"] == "and that is all"


async def test_an_agent_that_fails_is_reported_to_who_asked(api, provider):
    user = await new_team(api, "lead", "expert")
    session, word = await user.new_session(), unique()
    provider.converse(word, [ask("expert", "[[status 400]]")], "[[say without]]")
    task = await user.say_async(session, word, agent="lead")
    events = await told(user, session, task)
    assert "could not answer" in results_in(provider.asked(word)[-1])[0]
    (step,) = [event["payload"]["step_task_id"] for event in events if event["type"] == "AGENT_MESSAGE"]
    assert (await user.task(step))["status"] == "failed"


async def test_cancelling_the_task_ends_the_question(api, provider):
    user = await new_team(api, "lead", "expert")
    session, word, question = await user.new_session(), unique(), unique("question")
    provider.converse(word, [ask("expert", f"[[hang]] {question}")], "[[say never]]")
    task = await user.say_async(session, word, agent="lead")
    await eventually(lambda: len(provider.asked(question)) == 1, "the expert to be asked")
    (await user.post(f"/my/tasks/{task['id']}/cancel")).expect(200)
    await eventually(lambda: provider.asked(question)[0]["let_go"], "the model to be let go", 20)
    steps = (await user.get(f"/my/tasks/?session_id={session}")).expect(200)["items"]
    assert [each["status"] for each in steps] == ["cancelled", "cancelled"]


async def test_cancelling_the_question_alone_lets_the_task_go_on(api, provider):
    user = await new_team(api, "lead", "expert")
    session, word, question = await user.new_session(), unique(), unique("question")
    provider.converse(word, [ask("expert", f"[[hang]] {question}")], "[[say without]]")
    task = await user.say_async(session, word, agent="lead")
    await eventually(lambda: len(provider.asked(question)) == 1, "the expert to be asked")
    steps = (await user.get(f"/my/tasks/?session_id={session}")).expect(200)["items"]
    (step,) = [each for each in steps if each["kind"] == "step"]
    (await user.post(f"/my/tasks/{step['id']}/cancel")).expect(200)
    await told(user, session, task)
    assert "cancelled by the user" in results_in(provider.asked(word)[-1])[0]


async def test_an_agent_without_tools_is_told_of_none(api, provider):
    user = await api.new_user()
    await user.new_agent("plain")
    session, word = await user.new_session(), unique()
    await user.say(session, word, agent="plain")
    assert "tools" not in provider.asked(word)[0]["body"]


async def test_the_agents_of_a_plan_may_ask_too(api, provider):
    user = await new_team(api, "lead", "expert")
    session, word, inner = await user.new_session(), unique(), unique("inner")
    nodes = [{"id": name, "agent": "lead", "instruction": text, "expected_output": "", "depends_on": []}
             for name, text in (("a", f"do {inner}"), ("b", "[[say from-b]]"))]
    provider.plan(word, json.dumps({"goal": "both", "nodes": nodes}))
    provider.converse(inner, [ask("expert", "[[say from-the-expert]]")], "[[say from-a]]")
    answer = await user.say(session, f"@orchestrator {word}", agent=None)
    assert "from-a" in answer["content"] and "from-b" in answer["content"]


async def test_many_questions_at_once_all_get_their_answers(api, provider):
    user = await new_team(api, "lead", "expert")
    word = unique()
    provider.converse(word, [ask("expert", "[[say facts]]"), ask("expert", "[[say more]]")], "[[say done]]")
    sessions = [await user.new_session() for _ in range(12)]
    answers = await asyncio.gather(*(user.say(session, word, agent="lead") for session in sessions))
    assert [answer["content"] for answer in answers] == ["done"] * 12
