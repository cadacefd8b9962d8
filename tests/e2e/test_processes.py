"""Several processes over one PostgreSQL and one Redis: a user cannot tell which of them answered."""

import asyncio

import aiohttp
import pytest

import settings
from client import User, unique
from group import Group
from server import Server
from streams import DeltaAssembler, is_logged, seq, types
from test_stream_endurance import DroppingReader, assert_each_once_in_order
from waiting import eventually, within


def at(user: User, api) -> User:
    """The same user as another process sees them."""
    return User(api, user.email, user.password,
                {"user": {"id": user.id}, "access_token": user.access_token, "refresh_token": user.refresh_token})


async def test_post_to_one_stream_from_another_resume_on_a_third(start_processes, connect, provider):
    first, second, third = [connect(server) for server in start_processes(3)]
    user = await first.new_user()
    session = await at(user, second).new_session()
    gate = unique("gate")
    texts = DeltaAssembler()
    async with at(user, second).stream(session, since="0") as stream:
        task = await user.say_async(session, f"[[gate {gate} after 3]][[tokens 6]]")
        seen = await stream.until(lambda event: event["type"] == "MESSAGE_DELTA" and "t2" in event["payload"]["text"])
    async with at(user, third).stream(session, since=seen[-1]["id"]) as stream:
        provider.open_gate(gate)
        seen += await stream.until_type("TASK_COMPLETED")
    texts.add_all(seen)
    assert [event["id"] for event in seen] == sorted(event["id"] for event in seen)
    assert list(texts.texts.values()) == ["t0 t1 t2 t3 t4 t5 "]
    log = [event for event in seen if is_logged(event)]
    assert [seq(event) for event in log] == list(range(1, len(log) + 1))
    assert all(event["task_id"] == task["id"] for event in log)
    answer = (await at(user, second).messages(session))[-1]
    assert answer["content"] == "t0 t1 t2 t3 t4 t5 "


async def test_a_reader_who_comes_late_to_another_process_gets_the_growing_text_whole(start_processes, connect, provider):
    first, second = [connect(server) for server in start_processes(2)]
    user = await first.new_user()
    session = await user.new_session()
    gate = unique("gate")
    await user.say_async(session, f"[[gate {gate} after 3]][[tokens 5]]")
    async with user.stream(session, since="0") as here:
        await here.until(lambda event: event["type"] == "MESSAGE_DELTA" and "t2" in event["payload"]["text"])
        async with at(user, second).stream(session, since="0") as there:
            texts = DeltaAssembler()
            texts.add_all(await there.until(
                lambda event: event["type"] == "MESSAGE_DELTA" and "t2" in event["payload"]["text"]))
            provider.open_gate(gate)
            texts.add_all(await there.until_type("TASK_COMPLETED"))
    assert list(texts.texts.values()) == ["t0 t1 t2 t3 t4 "]


def both_wait(events: list[dict]) -> bool:
    """Two texts have grown as far as their gates."""
    texts = DeltaAssembler().add_all(events).texts.values()
    return len(texts) == 2 and all("t29 " in text for text in texts)


@pytest.mark.watchdog(120)
@pytest.mark.parametrize("seed", range(3))
async def test_texts_that_grow_at_once_in_two_processes_come_whole_to_readers_who_resume_elsewhere(
        start_processes, connect, provider, seed):
    servers = start_processes(3)
    first, second, third = [connect(server) for server in servers]
    user = await first.new_user()
    session = await user.new_session()
    gates = [unique("gate"), unique("gate")]
    readers = [DroppingReader(at(user, third), session, seed),
               DroppingReader(at(user, connect(Group(servers))), session, seed)]
    reading = [asyncio.ensure_future(reader.read_until(both_wait)) for reader in readers]
    for api, agent, gate in ((first, "coder", gates[0]), (second, "asker", gates[1])):
        await at(user, api).say_async(session, f"[[gate {gate} after 30]][[tokens 40 delay 0.01]]", agent)
    await within(asyncio.gather(*reading), "both texts to grow as far as their gates", 30)
    lines = [reader.user.stream(session, since=reader.events[-1]["id"]) for reader in readers]
    async with lines[0], lines[1]:
        for gate in gates:
            provider.open_gate(gate)
            for reader, line in zip(readers, lines):
                reader.events += await line.until_type("TASK_COMPLETED", seconds=30)
    answers = {message["id"]: message["content"] for message in await user.messages(session)
               if message["role"] == "assistant"}
    assert len(answers) == 2
    for reader in readers:
        assert reader.drops > 2
        assert_each_once_in_order(reader.events)
        assert DeltaAssembler().add_all(reader.events).texts == answers


@pytest.mark.watchdog(120)
async def test_slots_and_queues_of_a_killed_process_come_free_and_its_tasks_end_elsewhere(
        start_processes, connect, provider):
    doomed, heir = start_processes(2)
    user = await connect(doomed).new_user()
    there = at(user, connect(heir))
    agent = (await user.new_agent("single", concurrency_limit=1))["name"]
    session = await user.new_session()
    gate = unique("gate")
    tasks = [await user.say_async(session, f"[[gate {gate}]]", agent) for _ in range(3)]
    tasks.append(await there.say_async(await user.new_session(), f"[[gate {gate}]]", agent))
    assert [task["status"] for task in tasks] == ["running", "queued", "queued", "queued"]
    await eventually(lambda: len(provider.asked(gate)) == 1, "the first question")
    doomed.kill()
    await eventually(lambda: len(provider.asked(gate)) == 2, "the slot to come free", 30)
    provider.open_gate(gate)

    async def all_ended() -> bool:
        return all([(await there.task(task["id"]))["status"] == "completed" for task in tasks])

    await eventually(all_ended, "the tasks to end", 40)
    missing = {task["id"] for task in tasks[:3]}

    def is_last_end(event: dict) -> bool:
        if event["type"] == "TASK_COMPLETED":
            missing.discard(event["task_id"])
        return not missing

    async with there.stream(session, since="0") as stream:
        told = await stream.until(is_last_end)
    waited = [event["payload"]["attempt"] for event in told
              if event["type"] == "TASK_STARTED" and event["task_id"] in (tasks[1]["id"], tasks[2]["id"])]
    assert waited == [1, 1]


@pytest.mark.watchdog(120)
async def test_kill_9_in_mid_answer_and_another_process_finishes(start_processes, connect, provider):
    doomed, heir = start_processes(2)
    user = await connect(doomed).new_user()
    there = at(user, connect(heir))
    session = await user.new_session()
    gate = unique("gate")
    async with there.stream(session, since="0") as stream:
        task = await user.say_async(session, f"[[gate {gate} after 2]][[tokens 4]]")
        await stream.until(lambda event: event["type"] == "MESSAGE_DELTA" and "t1" in event["payload"]["text"])
        doomed.kill()
        await eventually(lambda: len(provider.asked(gate)) == 2, "the answer to be begun again", 30)
        provider.open_gate(gate)
        events = await stream.until_type("TASK_COMPLETED", seconds=30)
    texts = DeltaAssembler()
    texts.add_all(events)
    answer = (await there.messages(session))[-1]
    assert answer["content"] == "t0 t1 t2 t3 " == texts.texts[answer["id"]]
    assert (await there.task(task["id"]))["status"] == "completed"
    assert "TASK_STARTED" in types(events)


@pytest.mark.watchdog(180)
async def test_nothing_acknowledged_is_lost_when_processes_die_one_after_the_other(start_processes, connect, provider):
    servers = start_processes(3)
    user = await connect(servers[0]).new_user()
    session = await user.new_session()
    words, stop = [], asyncio.Event()

    async def post_on(server: Server) -> None:
        """Posts one message after another to a process that is struck down now and then."""
        word = unique("word")
        while not stop.is_set():
            try:
                reply = await at(user, connect(server)).post_message(
                    session, f"[[tokens 2]] {word}", headers={"Prefer": "respond-async", "Idempotency-Key": word})
            except (aiohttp.ClientError, OSError, AssertionError):
                await asyncio.sleep(0)
                continue
            if reply.status == 202:
                words.append(word)
                word = unique("word")

    posting = [asyncio.ensure_future(post_on(server)) for server in servers]
    for doomed in (servers[1], servers[2], servers[0], servers[1]):
        reached = len(words) + 15
        await eventually(lambda: len(words) >= reached, "posts to be acknowledged", 30)
        doomed.kill()
        await asyncio.to_thread(doomed.start)
    stop.set()
    await asyncio.gather(*posting)
    there = at(user, connect(servers[2]))
    await eventually(lambda: nothing_runs(there), "every task to end", 40)
    log = await whole_log(there, session)
    assert [seq(event) for event in log] == list(range(1, len(log) + 1))
    asked = [event["payload"]["content"] for event in log
             if event["type"] == "MESSAGE_CREATED" and event["payload"]["role"] == "user"]
    for word in words:
        assert sum(word in content for content in asked) == 1, word
    ends = [event["task_id"] for event in log if event["type"] in ("TASK_COMPLETED", "TASK_FAILED")]
    assert len(ends) == len(set(ends)) == len(asked)
    assert all(event["type"] != "TASK_FAILED" for event in log)


async def nothing_runs(user: User) -> bool:
    pages = [(await user.get(f"/my/tasks/?status={status}")).expect(200) for status in ("queued", "running")]
    return not any(page["items"] for page in pages)


async def whole_log(user: User, session: str) -> list[dict]:
    end = await user.say(session, unique("the-end"))
    async with user.stream(session, since="0") as stream:
        events = await stream.until(
            lambda event: event["type"] == "TASK_COMPLETED" and event["task_id"] == end["task_id"], 30)
    return [event for event in events if is_logged(event)]


async def test_a_repeated_post_to_another_process_joins_the_first(start_processes, connect, provider):
    first, second = [connect(server) for server in start_processes(2)]
    user = await first.new_user()
    session = await user.new_session()
    gate = unique("gate")
    key = {"Idempotency-Key": unique("key")}
    content = f"[[gate {gate} after 1]][[tokens 3]]"
    one = asyncio.ensure_future(user.post_message(session, content, headers=key))
    await eventually(lambda: provider.asked(gate), "the provider to be asked")
    two = asyncio.ensure_future(at(user, second).post_message(session, content, headers=key))
    provider.open_gate(gate)
    assert (await one).expect(200) == (await two).expect(200)
    assert len(provider.asked(gate)) == 1


async def test_an_agent_changed_at_one_process_is_changed_at_all(start_processes, connect, provider):
    first, second = [connect(server) for server in start_processes(2)]
    user = await first.new_user()
    there = at(user, second)
    session = await user.new_session()
    for round_ in range(5):
        await there.say(session, "fill the cache")
        prompt = unique(f"prompt-{round_}")
        (await user.patch("/my/agents/coder", {"config": {"system_prompt": prompt}})).expect(200)
        await there.say(session, f"[[say ok]] {prompt}-asked")
        (request,) = provider.asked(f"{prompt}-asked")
        assert prompt in request["body"]["messages"][0]["content"]


async def test_the_rate_limit_counts_over_all_processes(start_processes, connect):
    apis = [connect(server) for server in start_processes(2, **{settings.RATE_LIMIT: "10"})]
    user = await apis[0].new_user()
    statuses = [(await at(user, apis[turn % 2]).get("/my/profile")).status for turn in range(14)]
    assert statuses.count(200) == 10 and statuses.count(429) == 4, statuses
    assert statuses[:10] == [200] * 10


@pytest.mark.parametrize("ending", ["logout", "session", "profile"])
async def test_what_ends_a_stream_at_one_process_ends_it_at_all(start_processes, connect, ending):
    first, second = [connect(server) for server in start_processes(2)]
    user = await first.new_user()
    session = await user.new_session()
    async with at(user, second).stream(session, since="0") as stream:
        await user.say(session, "hello")
        await stream.until_type("TASK_COMPLETED")
        if ending == "logout":
            await first.post("/auth/logout", {"refresh_token": user.refresh_token}, token=user.access_token)
        elif ending == "session":
            assert (await user.delete(f"/my/chat/sessions/{session}")).status == 204
        else:
            assert (await user.delete("/my/profile")).status == 204
        await stream.rest()


async def test_what_one_process_remembers_the_other_recalls(start_processes, connect, provider):
    first, second = [connect(server) for server in start_processes(2)]
    user = await first.new_user()
    there = at(user, second)
    for text in ("the ferry leaves at noon", "the bakery opens at six"):
        (await user.post("/my/agents/coder/memory/", {"text": text})).expect(201)
        (hit, *_) = (await there.get(f"/my/agents/coder/memory/search?q={text[4:14]}")).expect(200)["items"]
        assert hit["memory"]["text"] == text
    (item, _) = (await there.get("/my/agents/coder/memory/")).expect(200)["items"]
    assert (await there.delete(f"/my/agents/coder/memory/{item['id']}")).status == 204
    hits = (await user.get("/my/agents/coder/memory/search?q=bakery")).expect(200)["items"]
    assert item["id"] not in [hit["memory"]["id"] for hit in hits]
