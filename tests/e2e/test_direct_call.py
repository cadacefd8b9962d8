"""Posting a message to one agent, in every form of the call."""

import asyncio

import pytest

import settings
from client import error_places, unique
from streams import DeltaAssembler, types
from waiting import eventually

ABSENT = "00000000-0000-7000-8000-000000000000"


async def test_a_leading_name_picks_the_agent(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    word = unique()
    answer = await user.say(session, f"@debugger {word}", agent=None)
    assert answer["agent_name"] == "debugger" and answer["role"] == "assistant"
    assert len(provider.asked(word)) == 1


async def test_target_agent_is_a_name_or_an_id(api):
    user = await api.new_user()
    session = await user.new_session()
    asker = (await user.get("/my/agents/asker")).expect(200)
    for target in ("asker", asker["id"], asker["id"].upper()):
        assert (await user.say(session, "hello", target))["agent_id"] == asker["id"]


async def test_target_agent_wins_over_a_leading_name(api):
    user = await api.new_user()
    session = await user.new_session()
    assert (await user.say(session, "@architect hello", "asker"))["agent_name"] == "asker"


@pytest.mark.parametrize("content", ["hello", "mail me at a@coder", " hello @coder", "@ coder", "@"])
async def test_without_a_target_one_of_the_team_answers_or_nobody_where_that_is_not_wanted(api, content):
    user = await api.new_user()
    session = await user.new_session()
    assert (await user.say(session, content, agent=None))["agent_name"] in settings.STARTER_TEAM
    (await user.put("/my/orchestrator", {"enabled": False})).expect(200)
    (await user.post_message(session, content, agent=None)).problem(422, "target_required")
    assert len(await user.messages(session)) == 2


@pytest.mark.parametrize("content, target", [("@nobody hello", None), ("hello", "nobody"), ("hello", ABSENT)])
async def test_an_unknown_agent_is_not_found(api, content, target):
    user = await api.new_user()
    session = await user.new_session()
    (await user.post_message(session, content, target)).problem(404, "agent_not_found")
    assert await user.messages(session) == []


async def test_respond_async_answers_with_the_task(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    gate = unique("gate")
    task = await user.say_async(session, f"[[gate {gate}]] later")
    assert task.keys() >= {"id", "session_id", "agent_id", "agent_name", "status", "error", "message_id",
                           "created_at", "started_at", "completed_at"}
    assert task["session_id"] == session and task["agent_name"] == "coder"
    assert task["status"] in ("queued", "running") and task["message_id"] is None and task["error"] is None
    assert [message["role"] for message in await user.messages(session)] == ["user"]
    provider.open_gate(gate)
    done = await eventually(lambda: finished(user, task["id"]), "the task to complete")
    assert done["status"] == "completed" and done["completed_at"] >= done["started_at"] >= done["created_at"]
    assert (await user.messages(session))[-1]["id"] == done["message_id"]


async def finished(user, task_id: str) -> dict | None:
    task = await user.task(task_id)
    return task if task["status"] in ("completed", "failed", "cancelled") else None


async def test_waiting_ends_with_the_task_when_the_answer_is_late(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    gate = unique("gate")
    task = (await user.post_message(session, f"[[gate {gate}]]", query="?wait=1")).expect(202)
    assert task["status"] == "running"
    provider.open_gate(gate)
    done = await eventually(lambda: finished(user, task["id"]), "the task to complete")
    assert done["status"] == "completed"


@pytest.mark.parametrize("wait", ["-1", "soon"])
async def test_a_bad_wait_is_refused(api, wait):
    user = await api.new_user()
    session = await user.new_session()
    problem = (await user.post_message(session, "hello", query=f"?wait={wait}")).problem(422, "validation_failed")
    assert error_places(problem) == {"wait"}
    assert await user.messages(session) == []


async def test_tasks_are_listed_by_session_and_status(api):
    user = await api.new_user()
    first, second = await user.new_session(), await user.new_session()
    answer = await user.say(first, "one")
    await user.say(second, "two")
    page = (await user.get(f"/my/tasks/?session_id={first}&status=completed")).expect(200)
    assert [task["id"] for task in page["items"]] == [answer["task_id"]] and page["total"] == 1
    assert (await user.get("/my/tasks/")).expect(200)["total"] == 2
    assert (await user.get("/my/tasks/?status=running")).expect(200)["items"] == []
    (await user.get("/my/tasks/?status=dancing")).problem(422, "validation_failed")


async def test_ndjson_answers_with_the_tasks_events_and_the_message_last(api):
    user = await api.new_user()
    session = await user.new_session()
    async with user.post_streaming(session, "[[tokens 20]]") as stream:
        lines = await stream.rest()
    last = lines.pop()
    assert last["role"] == "assistant" and last["content"] == "".join(f"t{index} " for index in range(20))
    assert types(lines) == ["MESSAGE_CREATED", "DIRECT_AGENT_CALL", "TASK_STARTED", "CONTEXT_RETRIEVED",
                            "MESSAGE_DELTA", "MESSAGE_CREATED", "TASK_COMPLETED"]
    assert {line["task_id"] for line in lines} == {last["task_id"]}
    assert DeltaAssembler().add_all(lines).texts == {last["id"]: last["content"]}
    assert (await user.messages(session))[-1] == last


async def test_ndjson_carries_no_other_tasks_events(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    gate = unique("gate")
    other = await user.say_async(session, f"[[gate {gate} after 5]][[tokens 10]]")
    async with user.post_streaming(session, "[[tokens 5]]", "asker") as stream:
        lines = await stream.rest()
    provider.open_gate(gate)
    assert other["id"] not in {line.get("task_id") for line in lines}


async def test_the_prompt_holds_each_part_once_and_in_order(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    prompt, first, second = unique("prompt"), unique("first"), unique("second")
    await user.new_agent("exact", system_prompt=prompt, memory={"enabled": False})
    first_answer = await user.say(session, first, "exact")
    await user.say(session, second, "exact")
    messages = provider.asked(second)[0]["body"]["messages"]
    assert messages[0]["role"] == "system" and prompt in messages[0]["content"]
    assert [(message["role"], message["content"]) for message in messages if message["role"] != "system"] == [
        ("user", first), ("assistant", first_answer["content"]), ("user", second)]


async def test_the_prompt_remembers_other_sessions_but_not_the_question(api, provider):
    user = await api.new_user()
    fact = f"the lighthouse password is {unique('kelp')}"
    await user.say(await user.new_session(), fact)
    await user.say(await user.new_session(), "an unrelated remark on carburettors")
    await user.wait_for_memories(2)
    word = unique("question")
    await user.say(await user.new_session(), f"{word} what is the lighthouse password")
    texts = [message["content"] for message in provider.asked(word)[0]["body"]["messages"]]
    assert any(fact in text for text in texts)
    assert sum(text.count(word) for text in texts) == 1


async def test_an_agent_without_memory_gets_none(api, provider):
    user = await api.new_user()
    fact = unique("fact")
    await user.new_agent("amnesiac", memory={"enabled": False})
    await user.say(await user.new_session(), f"remember {fact}", "amnesiac")
    word = unique("question")
    await user.say(await user.new_session(), f"{word} remember what?", "amnesiac")
    assert fact not in str(provider.asked(word)[0]["body"])


async def test_the_call_carries_the_agents_settings_and_the_key(api, provider):
    user = await api.new_user()
    await user.new_agent("tuned", model="special-model", temperature=0.25, max_tokens=77)
    word = unique()
    await user.say(await user.new_session(), word, "tuned")
    request = provider.asked(word)[0]
    assert request["body"]["model"] == "special-model"
    assert request["body"]["temperature"] == 0.25
    assert 77 in (request["body"].get("max_tokens"), request["body"].get("max_completion_tokens"))
    assert request["body"]["stream"] is True
    assert request["headers"]["Authorization"] == f"Bearer {settings.LLM_KEY}"


async def test_usage_is_the_providers_and_has_a_cost(api, provider):
    user = await api.new_user()
    word = unique()
    answer = await user.say(await user.new_session(), f"[[tokens 7]] {word}")
    usage = provider.asked(word)[0]["usage"]
    assert answer["usage"]["prompt_tokens"] == usage["prompt_tokens"]
    assert answer["usage"]["completion_tokens"] == usage["completion_tokens"] == 7
    expected = (usage["prompt_tokens"] * 0.15 + 7 * 0.60) / 1_000_000
    assert answer["usage"]["cost_usd"] == pytest.approx(expected, rel=1e-6)


async def test_a_client_that_leaves_does_not_cancel_the_task(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    gate, word = unique("gate"), unique()
    posting = asyncio.ensure_future(user.post_message(session, f"[[gate {gate} after 1]] {word}"))
    await eventually(lambda: provider.asked(word), "the provider to be asked")
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)
    provider.open_gate(gate)
    messages = await eventually(lambda: answered(user, session), "the answer to be stored")
    assert word in messages[-1]["content"]


async def test_a_streaming_client_that_leaves_does_not_cancel_the_task(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    gate = unique("gate")
    async with user.post_streaming(session, f"[[gate {gate} after 2]][[tokens 4]]") as stream:
        await stream.until_type("MESSAGE_DELTA")
    provider.open_gate(gate)
    messages = await eventually(lambda: answered(user, session), "the answer to be stored")
    assert messages[-1]["content"] == "t0 t1 t2 t3 "


async def answered(user, session: str) -> list[dict] | None:
    messages = await user.messages(session)
    return messages if len(messages) == 2 else None


async def test_agents_answer_at_the_same_time(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    gate = unique("gate")
    tasks = [await user.say_async(session, f"[[gate {gate}]] {name}", name) for name in ("coder", "asker", "architect")]
    await eventually(lambda: len(provider.asked(gate)) == 3, "three calls in flight")
    provider.open_gate(gate)
    for task in tasks:
        assert (await eventually(lambda: finished(user, task["id"]), "each task to end"))["status"] == "completed"


async def test_the_standard_openai_variables_work_as_they_are(start_server, connect, provider):
    overrides = {name: "" for name in settings.provider_settings(provider.base_url)}
    server = start_server(**overrides, OPENAI_API_KEY="standard-key", OPENAI_BASE_URL=provider.base_url)
    user = await connect(server).new_user()
    word = unique()
    answer = await user.say(await user.new_session(), word)
    assert answer["content"] == f"echo: {word}"
    assert provider.asked(word)[0]["headers"]["Authorization"] == "Bearer standard-key"
