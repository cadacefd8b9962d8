"""kill -9 at any moment: what was acknowledged is there, once; what ran is ended; the store is whole."""

import asyncio
import random
import sqlite3

import aiohttp
import pytest

import settings
from client import Api, unique
from streams import event_message, is_logged, logged, seq, types
from waiting import eventually

POSTERS = 4
LOST_LINE = (aiohttp.ClientError, OSError)


class Ledger:
    """What clients were told over all rounds."""

    def __init__(self):
        self.words: dict[str, int] = {}  # posted text -> status it was acknowledged with
        self.answers: dict[str, dict] = {}  # assistant messages that were given out, by id
        self.events: list[dict] = []  # logged events that a reader was shown, in order

    @property
    def told(self) -> int:
        return len(self.words) + len(self.events)


class Striker:
    """Kills the server at the very moment when clients were told the n-th thing of a round."""

    def __init__(self, server, ledger: Ledger, after: int):
        self.server = server
        self.ledger = ledger
        self.target = ledger.told + after

    def look(self) -> None:
        if self.ledger.told >= self.target:
            self.server.strike()


class Poster:
    """Posts one message after another; after a restart, what was not acknowledged is posted again with its key."""

    def __init__(self, user, session: str, ledger: Ledger, asynchronous: bool):
        self.user = user
        self.session = session
        self.ledger = ledger
        self.headers = {"Prefer": "respond-async"} if asynchronous else {}
        self.word = unique("crash")

    async def run(self, striker: Striker) -> None:
        while True:
            headers = {**self.headers, "Idempotency-Key": self.word}
            reply = await self.user.post_message(self.session, f"[[tokens 3]] {self.word}", headers=headers)
            assert reply.status in (200, 202) or reply.json["code"] == "interrupted", reply.text
            self.ledger.words[self.word] = reply.status
            if reply.status == 200:
                self.ledger.answers[reply.json["id"]] = reply.json
            striker.look()
            self.word = unique("crash")


async def follow(user, session: str, ledger: Ledger, striker: Striker) -> None:
    """Reads on from the last event that was shown; the log must go on where it was."""
    since = ledger.events[-1]["id"] if ledger.events else "0"
    async with user.stream(session, since=since) as stream:
        while (event := await stream.next(60)) is not None:
            if is_logged(event):
                assert seq(event) == len(ledger.events) + 1, "a gap or a repetition after a crash"
                ledger.events.append(event)
                striker.look()


async def one_round(server, user, session: str, ledger: Ledger, posters: list[Poster], after: int) -> None:
    """Posts and reads until the server is struck down in the middle of it, and starts it again."""
    user.api = Api(server)
    striker = Striker(server, ledger, after)
    work = [asyncio.ensure_future(poster.run(striker)) for poster in posters]
    work.append(asyncio.ensure_future(follow(user, session, ledger, striker)))
    _, unfinished = await asyncio.wait(work, timeout=settings.patient(20))
    server.kill()
    assert not unfinished, "nothing was acknowledged any more"
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if not isinstance(outcome, LOST_LINE):
            raise outcome or AssertionError("a stream ended without its server")
    await user.api.aclose()
    await asyncio.to_thread(server.start)


@pytest.mark.watchdog(300)
async def test_nothing_acknowledged_is_lost_by_kill_9_during_a_stream_of_posts(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session()
    ledger, dice = Ledger(), random.Random(1)
    posters = [Poster(user, session, ledger, asynchronous=index % 2 == 0) for index in range(POSTERS)]
    for _ in range(settings.CRASHES):
        await one_round(server, user, session, ledger, posters, dice.randint(1, 60))
    user.api = connect(server)
    await eventually(lambda: nothing_runs(user), "every task to end", 30)
    messages, log = await all_messages(user, session), await whole_log(user, session)
    tasks = await all_tasks(user, session)
    assert_acknowledged(ledger, messages, log)
    assert_consistent(messages, log, tasks)
    server.stop()
    if not settings.MANY:
        assert_whole(server)


async def nothing_runs(user) -> bool:
    pages = [(await user.get(f"/my/tasks/?status={status}")).expect(200) for status in ("queued", "running")]
    return not any(page["items"] for page in pages)


async def all_messages(user, session: str) -> list[dict]:
    messages = await user.messages(session, "?limit=200")
    while more := await user.messages(session, f"?limit=200&after={messages[-1]['id']}"):
        messages += more
    return messages


async def all_tasks(user, session: str) -> list[dict]:
    tasks, cursor = [], ""
    while cursor is not None:
        page = (await user.get(f"/my/tasks/?session_id={session}&limit=100{cursor}")).expect(200)
        tasks += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return tasks


async def whole_log(user, session: str) -> list[dict]:
    """Every logged event: a last message marks the end."""
    mark = await user.say(session, unique("the-end"))
    async with user.stream(session, since="0") as stream:
        return logged(await stream.until(
            lambda event: event["type"] == "TASK_COMPLETED" and event["task_id"] == mark["task_id"], 60))


def assert_acknowledged(ledger: Ledger, messages: list[dict], log: list[dict]) -> None:
    for word in ledger.words:
        found = [message for message in messages if message["role"] == "user" and word in message["content"]]
        assert len(found) == 1, f"{word} is there {len(found)} times"
    stored = {message["id"]: message for message in messages}
    for answer_id, answer in ledger.answers.items():
        assert stored.get(answer_id) == answer
    assert log[:len(ledger.events)] == ledger.events


def assert_consistent(messages: list[dict], log: list[dict], tasks: list[dict]) -> None:
    """Log and tables tell the same story, gaplessly, and no task ended twice or not at all."""
    assert [seq(event) for event in log] == list(range(1, len(log) + 1))
    told = [event_message(event)["id"] for event in log if event["type"] == "MESSAGE_CREATED"]
    ids = [message["id"] for message in messages]
    assert len(set(ids)) == len(ids)
    assert set(told[:-2]) == set(ids) and len(set(told)) == len(told)
    ends = [(event["task_id"], event["type"]) for event in log if event["type"] in ("TASK_COMPLETED", "TASK_FAILED")]
    assert len({task for task, _ in ends}) == len(ends), "a task ended twice"
    statuses = {task["id"]: task["status"] for task in tasks}
    expected = {"completed": "TASK_COMPLETED", "failed": "TASK_FAILED"}
    assert {task: expected[status] for task, status in statuses.items()} == dict(ends)


def assert_whole(server) -> None:
    """The database file opens clean."""
    assert server.databases()
    for path in server.databases():
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        database.close()


async def test_tasks_that_ran_when_the_server_died_are_finished_by_its_successor(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session()
    gate = unique("gate")
    contents = [f"[[gate {gate} after {place}]][[tokens 4]] {place}" for place in (0, 2, 4)]
    tasks = [await user.say_async(session, content) for content in contents]
    await eventually(lambda: len(provider.asked(gate)) == 3, "three answers to be on their way")
    server.kill()
    server.start()
    await eventually(lambda: len(provider.asked(gate)) == 6, "three answers to be begun again", 30)
    provider.open_gate(gate)
    for task in tasks:
        ended = await eventually(lambda: ended_task(user, task["id"]), "the task to end")
        assert ended["status"] == "completed" and ended["message_id"] and ended["error"] is None
    async with user.stream(session, since="0") as stream:
        events = []
        for _ in tasks:
            events += await stream.until_type("TASK_COMPLETED")
    for task in tasks:
        story = [event for event in events if event["task_id"] == task["id"]]
        assert [event["payload"]["attempt"] for event in story if event["type"] == "TASK_STARTED"] == [1, 2]
        assert types(story)[-2:] == ["MESSAGE_CREATED", "TASK_COMPLETED"]
    answers = [message for message in await user.messages(session) if message["role"] == "assistant"]
    assert [message["content"] for message in answers] == ["t0 t1 t2 t3 "] * 3


async def ended_task(user, task_id: str) -> dict | None:
    task = await user.task(task_id)
    return None if task["status"] in ("queued", "running") else task


async def test_acknowledged_changes_of_every_kind_outlive_kill_9(start_server, connect):
    server = start_server()
    api = connect(server)
    user, gone = await api.new_user(), await api.new_user()
    session, dropped = await user.new_session("before"), await user.new_session()
    await user.new_agent("made", system_prompt="one")
    body = {"text": "the ferry leaves at noon", "metadata": {}}
    note = (await user.post("/my/agents/made/memory/", body)).expect(201)
    left = await api.login(user.email)
    assert (await gone.delete("/my/profile")).status == 204
    assert (await user.delete(f"/my/chat/sessions/{dropped}")).status == 204
    (await user.patch(f"/my/chat/sessions/{session}", {"title": "after"})).expect(200)
    assert (await user.delete("/my/agents/asker")).status == 204
    patched = (await user.patch("/my/agents/made", {"config": {"system_prompt": "two"}})).expect(200)
    await api.post("/auth/logout", {"refresh_token": left.refresh_token}, token=left.access_token)
    server.kill()
    server.start()
    assert (await user.get(f"/my/chat/sessions/{session}")).expect(200)["title"] == "after"
    (await user.get(f"/my/chat/sessions/{dropped}")).not_found()
    (await user.get("/my/agents/asker")).not_found()
    assert (await user.get("/my/agents/made")).expect(200) == patched
    hits = (await user.get("/my/agents/made/memory/search?q=ferry noon")).expect(200)["items"]
    assert hits[0]["memory"] == note
    (await left.get("/my/profile")).unauthorized()
    (await gone.get("/my/profile")).unauthorized()
    server.stop()
    if not settings.MANY:
        assert_whole(server)


@pytest.mark.embedded_only("the database's own vacuum does it there")
async def test_what_an_erased_user_wrote_leaves_the_disk_while_the_server_runs(start_server, connect):
    server = start_server()
    user = await connect(server).new_user()
    marker = unique("erased")
    await user.say(await user.new_session(), f"{marker} is my secret")
    assert marker in on_disk(server)
    assert (await user.delete("/my/profile")).status == 204
    await eventually(lambda: marker not in on_disk(server), "the text to leave the disk")


def on_disk(server) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in server.data_dir.rglob("*") if path.is_file())
