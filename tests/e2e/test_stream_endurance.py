"""Readers that drop, lag or stop reading: nobody misses an event and nobody holds up another."""

import asyncio
import json
import random
import socket

import pytest

from raw_http import read_chunked_lines, request_bytes
from streams import DeltaAssembler, is_logged, logged, seq
from waiting import within


class DroppingReader:
    """Reads a session's stream a few events at a time, dropping the line and resuming at the last id seen."""

    def __init__(self, user, session: str, seed: int):
        self.user = user
        self.session = session
        self.random = random.Random(seed)
        self.events: list[dict] = []
        self.drops = 0

    async def read_until(self, done) -> None:
        while not done(self.events):
            place = self.events[-1]["id"] if self.events else "0"
            resume = {"since": place} if self.random.random() < 0.5 else {"last_event_id": place}
            async with self.user.stream(self.session, sse=self.random.random() < 0.5, **resume) as stream:
                await self._read_some(stream, self.random.randint(1, 15), done)
            self.drops += 1

    async def _read_some(self, stream, count: int, done) -> None:
        for _ in range(count):
            event = await stream.next()
            if event["type"] != "HEARTBEAT":
                self.events.append(event)
            if done(self.events):
                return


def completed(events: list[dict]) -> int:
    return sum(event["type"] == "TASK_COMPLETED" for event in events)


def assert_each_once_in_order(events: list[dict]) -> None:
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids)), "out of order or twice"
    places = [seq(event) for event in logged(events)]
    assert places == list(range(1, len(places) + 1)), "a gap"


def assert_deltas_fit(events: list[dict], messages: list[dict]) -> None:
    """What a reader saw of each answer is the beginning of that answer, in pieces that touch."""
    contents = {message["id"]: message["content"] for message in messages}
    for message_id, text in DeltaAssembler().add_all(events).texts.items():
        assert contents[message_id].startswith(text)


@pytest.mark.parametrize("seed", range(3))
async def test_a_reader_that_drops_at_random_sees_130_events_once_in_order(api, seed):
    user = await api.new_user()
    session = await user.new_session()
    reader = DroppingReader(user, session, seed)
    reading = asyncio.ensure_future(reader.read_until(lambda events: completed(events) == 22))
    for index in range(22):
        await user.say(session, f"[[tokens 8 delay 0.002]] {index}")
    await within(reading, "the reader to see the end", 30)
    assert len(logged(reader.events)) >= 130 and reader.drops > 10
    assert_each_once_in_order(reader.events)
    assert_deltas_fit(reader.events, await user.messages(session, "?limit=200"))


async def test_a_reader_that_comes_after_the_buffer_is_full_gets_the_log(api):
    user = await api.new_user()
    session = await user.new_session()
    for index in range(22):
        await user.say(session, str(index))
    reader = DroppingReader(user, session, 7)
    await reader.read_until(lambda events: completed(events) == 22)
    assert all(is_logged(event) for event in reader.events)
    assert_each_once_in_order(reader.events)
    async with user.stream(session) as stream:
        buffered = await stream.until(lambda event: event["id"] == reader.events[-1]["id"])
    assert buffered == reader.events[-100:]


async def test_answers_that_grow_together_stay_apart(api):
    user = await api.new_user()
    session = await user.new_session()
    reader = DroppingReader(user, session, 11)
    reading = asyncio.ensure_future(reader.read_until(lambda events: completed(events) == 3))
    for agent in ("coder", "asker", "architect"):
        await user.say_async(session, "[[tokens 40 delay 0.01]]", agent)
    await within(reading, "the reader to see the end", 30)
    assert_each_once_in_order(reader.events)
    assert_deltas_fit(reader.events, await user.messages(session))


async def test_a_reader_that_stays_sees_every_letter_of_answers_that_grow_together(api):
    user = await api.new_user()
    session = await user.new_session()
    joined = DeltaAssembler()
    async with user.stream(session, since="0") as stream:
        for agent in ("coder", "asker", "architect"):
            await user.say_async(session, "[[tokens 40 delay 0.01]]", agent)
        for _ in range(3):
            joined.add_all(await stream.until_type("TASK_COMPLETED"))
    answers = [message for message in await user.messages(session) if message["role"] == "assistant"]
    assert joined.texts == {answer["id"]: answer["content"] for answer in answers}


def open_and_not_read(server, user, session: str) -> socket.socket:
    """A stream whose reader takes nothing off the line."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", server.port))
    line.sendall(request_bytes("GET", f"/my/sse/{session}?since=0", user.access_token, Connection="close"))
    return line


@pytest.mark.watchdog(120)
async def test_a_slow_reader_is_dropped_and_slows_nobody(api, server):
    user = await api.new_user()
    session = await user.new_session()
    line = open_and_not_read(server, user, session)
    async with user.stream(session, since="0") as stream:
        for _ in range(24):
            await user.say_async(session, "[[tokens 100 size 5000]]")
            last = (await stream.until_type("TASK_COMPLETED"))[-1]
    lines = await within(asyncio.to_thread(read_chunked_lines, line), "the slow line to end", 60)
    events = [json.loads(text) for text in lines]
    assert events[-1]["type"] == "ERROR" and events[-1]["payload"]["code"] == "slow_consumer"
    seen = [event for event in events[:-1] if is_logged(event)]
    assert [seq(event) for event in seen] == list(range(1, len(seen) + 1))
    async with user.stream(session, since=events[-2]["id"]) as stream:
        rest = await stream.until(lambda event: event["id"] == last["id"])
    assert [seq(event) for event in logged(rest)] == list(range(len(seen) + 1, seq(last) + 1))
