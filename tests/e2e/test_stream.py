"""The event stream of a session: order, resuming, both forms, heartbeats."""

import pytest

import settings
from client import unique
from server import Server
from streams import DeltaAssembler, event_message, is_logged, logged, seq, types
from waiting import eventually

ABSENT = "00000000-0000-7000-8000-000000000000"
DIRECT_CALL = ["MESSAGE_CREATED", "DIRECT_AGENT_CALL", "TASK_STARTED", "CONTEXT_RETRIEVED",
               "MESSAGE_DELTA", "MESSAGE_CREATED", "TASK_COMPLETED"]


def of_tasks(events: list[dict]) -> list[dict]:
    """The events that belong to a task: a session may log its own creation too."""
    return [event for event in events if event.get("task_id")]


async def last_id(user, session: str) -> str:
    """The id of the newest logged event, once nothing runs."""
    async with user.stream(session, since="0") as stream:
        total = (await user.get(f"/my/tasks/?session_id={session}")).expect(200)["total"]
        ends = 0
        while ends < total:
            event = (await stream.until_type("TASK_COMPLETED", "TASK_FAILED"))[-1]
            ends += 1
        return event["id"]


async def test_a_direct_call_tells_its_whole_story_in_order(api):
    user = await api.new_user()
    session = await user.new_session()
    async with user.stream(session, since="0") as stream:
        answer = await user.say(session, "[[tokens 10]]")
        events = of_tasks(await stream.until_type("TASK_COMPLETED"))
    assert types(events) == DIRECT_CALL
    assert {event["task_id"] for event in events} == {answer["task_id"]}
    asked, answered = (event_message(event) for event in events if event["type"] == "MESSAGE_CREATED")
    assert [asked, answered] == await user.messages(session) and answered == answer
    assert DeltaAssembler().add_all(events).texts == {answer["id"]: answer["content"]}
    for event in events:
        assert event.keys() >= {"id", "type", "session_id", "timestamp", "payload"}
        assert event["session_id"] == session and event["timestamp"].endswith("Z")
    assert {event["agent"] for event in events if event["type"] not in ("MESSAGE_CREATED",)} == {"coder"}


async def test_the_answer_is_streamed_while_it_grows(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    gate = unique("gate")
    async with user.stream(session, since="0") as stream:
        task = await user.say_async(session, f"[[gate {gate} after 3]][[tokens 6]]")
        assembler = DeltaAssembler()
        await stream.until(lambda event: assembler.add(event) or "t2" in "".join(assembler.texts.values()))
        assert (await user.task(task["id"]))["status"] == "running"
        provider.open_gate(gate)
        await stream.until_type("TASK_COMPLETED")


async def test_ids_are_ordered_and_logged_events_have_no_gap(api):
    user = await api.new_user()
    session = await user.new_session()
    async with user.stream(session, since="0") as stream:
        for index in range(3):
            await user.say(session, f"[[tokens 5]] {index}")
        events = []
        for _ in range(3):
            events += await stream.until_type("TASK_COMPLETED")
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids))
    assert [seq(event) for event in logged(events)] == list(range(1, len(logged(events)) + 1))


@pytest.mark.parametrize("sse", [False, True])
@pytest.mark.parametrize("by_header", [False, True])
async def test_resuming_gives_everything_after_the_id_once(api, sse, by_header):
    user = await api.new_user()
    session = await user.new_session()
    await user.say(session, "one")
    await user.say(session, "two")
    async with user.stream(session, since="0") as stream:
        whole = logged(await stream.until_type("TASK_COMPLETED") + await stream.until_type("TASK_COMPLETED"))
    for index in range(len(whole) - 1):
        place = whole[index]["id"]
        resume = {"last_event_id": place} if by_header else {"since": place}
        async with user.stream(session, sse=sse, **resume) as stream:
            rest = await stream.until(lambda event: event["id"] == whole[-1]["id"])
        assert rest == whole[index + 1:]


async def test_server_sent_events_carry_the_ids_and_names(api):
    user = await api.new_user()
    session = await user.new_session()
    async with user.stream(session, since="0", sse=True) as stream:
        await user.say(session, "hello")
        events = await stream.until_type("TASK_COMPLETED")
    assert stream.sse_ids == [event["id"] for event in events]
    assert stream.headers["Cache-Control"].startswith("no-")


async def test_without_since_the_buffered_events_come_first(api):
    user = await api.new_user()
    session = await user.new_session()
    await user.say(session, "before anybody listened")
    async with user.stream(session) as stream:
        assert types(logged(of_tasks(await stream.until_type("TASK_COMPLETED")))) == [
            name for name in DIRECT_CALL if name != "MESSAGE_DELTA"]
        await user.say(session, "now somebody listens")
        assert types(await stream.until_type("TASK_COMPLETED")) == DIRECT_CALL


@pytest.mark.parametrize("since", ["nonsense", "-1", "1.2.3", "99999999999999999999999", "1%00"])
async def test_a_bad_resume_id_is_refused(api, since):
    user = await api.new_user()
    session = await user.new_session()
    (await user.get(f"/my/sse/{session}?since={since}")).problem(422, "validation_failed")


@pytest.mark.parametrize("place", ["middle of the deltas", "before the deltas"])
async def test_a_resume_in_mid_answer_gets_the_missing_text_as_one_delta(api, provider, place):
    user = await api.new_user()
    session = await user.new_session()
    gate = unique("gate")
    async with user.stream(session, since="0") as stream:
        task = await user.say_async(session, f"[[gate {gate} after 30]][[tokens 60 size 6]]")
        before = await stream.until_type("CONTEXT_RETRIEVED")
        if place == "middle of the deltas":
            before += await stream.until_type("MESSAGE_DELTA")
    await eventually(lambda: whole_delta(user, session, 180), "30 tokens to have passed")
    joined = DeltaAssembler().add_all(before)
    async with user.stream(session, since=before[-1]["id"]) as stream:
        deltas = 0
        while len("".join(joined.texts.values())) < 180:
            delta = await stream.next()
            assert delta["type"] == "MESSAGE_DELTA"
            joined.add(delta)
            deltas += 1
        # Pieces from another process may be on their way here still, or have come as one before the resume.
        assert deltas == 1 or settings.MANY
        provider.open_gate(gate)
        joined.add_all(await stream.until_type("TASK_COMPLETED"))
    answer = (await user.messages(session))[-1]
    assert joined.texts == {answer["id"]: answer["content"]} and answer["task_id"] == task["id"]
    assert len(answer["content"]) == 360


async def whole_delta(user, session: str, length: int) -> bool:
    """Whether a late reader is given a first delta of `length` bytes."""
    async with user.stream(session, since="0") as stream:
        delta = (await stream.until_type("MESSAGE_DELTA"))[-1]
    assert delta["payload"]["offset"] == 0
    return len(delta["payload"]["text"]) == length


async def test_a_late_reader_of_a_finished_answer_needs_no_deltas(api):
    user = await api.new_user()
    session = await user.new_session()
    answer = await user.say(session, "[[tokens 40]]")
    async with user.stream(session, since="0") as stream:
        events = await stream.until_type("TASK_COMPLETED")
    assert all(is_logged(event) for event in events)
    assert event_message([event for event in events if event["type"] == "MESSAGE_CREATED"][-1]) == answer


async def test_many_readers_see_the_same(api):
    user = await api.new_user()
    session = await user.new_session()
    streams = [user.stream(session, since="0", sse=index % 2 == 1) for index in range(20)]
    for stream in streams:
        await stream.__aenter__()
    answer = await user.say(session, "[[tokens 30]]")
    for stream in streams:
        joined = DeltaAssembler().add_all(await stream.until_type("TASK_COMPLETED"))
        assert joined.texts == {answer["id"]: answer["content"]}
        await stream.__aexit__()


@pytest.mark.parametrize("session", [ABSENT, "nonsense"])
async def test_an_absent_session_has_no_stream(api, session):
    user = await api.new_user()
    (await user.get(f"/my/sse/{session}")).not_found()


async def test_a_foreign_session_has_no_stream(api):
    mine, yours = await api.new_user(), await api.new_user()
    session = await yours.new_session()
    (await mine.get(f"/my/sse/{session}")).not_found()
    (await mine.get(f"/my/sse/{session}?since=0", headers={"Last-Event-ID": "0"})).not_found()


@pytest.fixture(scope="module")
def beating_server(running_provider):
    """A server that beats every second."""
    server = Server(**settings.provider_settings(running_provider.base_url), **{settings.HEARTBEAT: "1"})
    server.start()
    yield server
    server.dispose()


@pytest.mark.parametrize("sse", [False, True])
async def test_silence_is_filled_with_heartbeats_that_are_never_buffered(beating_server, connect, provider, sse):
    user = await connect(beating_server).new_user()
    session = await user.new_session()
    await user.say(session, "hello")
    async with user.stream(session, since="0", sse=sse) as stream:
        events = await stream.until_type("TASK_COMPLETED")
        first, second = await stream.next(), await stream.next()
    assert first["type"] == second["type"] == "HEARTBEAT"
    async with user.stream(session, sse=sse) as stream:
        replayed = [await stream.next() for _ in logged(events)]
        assert [event["id"] for event in replayed] == [event["id"] for event in logged(events)]
        assert (await stream.next())["type"] == "HEARTBEAT"


async def test_resuming_after_a_heartbeat_loses_nothing(beating_server, connect, provider):
    user = await connect(beating_server).new_user()
    session = await user.new_session()
    await user.say(session, "hello")
    place = await last_id(user, session)
    async with user.stream(session, since=place) as stream:
        beat = await stream.next()
    assert beat["type"] == "HEARTBEAT"
    await user.say(session, "missed?")
    async with user.stream(session, since=beat.get("id") or place) as stream:
        assert types(logged(await stream.until_type("TASK_COMPLETED")))[0] == "MESSAGE_CREATED"


async def test_resuming_after_a_heartbeat_in_mid_answer_repeats_nothing(beating_server, connect, provider):
    user = await connect(beating_server).new_user()
    session = await user.new_session()
    gate = unique("gate")
    joined = DeltaAssembler()
    async with user.stream(session, since="0") as stream:
        await user.say_async(session, f"[[gate {gate} after 5]][[tokens 9]]")
        events = await stream.until(lambda event: event["type"] == "HEARTBEAT", heartbeats=True)
        joined.add_all(events)
    provider.open_gate(gate)
    place = events[-1].get("id") or events[-2]["id"]
    async with user.stream(session, since=place) as stream:
        joined.add_all(await stream.until_type("TASK_COMPLETED"))
    answer = (await user.messages(session))[-1]
    assert answer["content"].startswith(joined.texts[answer["id"]])


async def test_a_busy_stream_does_not_beat(beating_server, connect, provider):
    user = await connect(beating_server).new_user()
    session = await user.new_session()
    async with user.stream(session, since="0") as stream:
        await user.say_async(session, "[[tokens 30 delay 0.05]]")
        events = await stream.until(lambda event: event["type"] == "TASK_COMPLETED", heartbeats=True)
    assert "HEARTBEAT" not in types(events)
