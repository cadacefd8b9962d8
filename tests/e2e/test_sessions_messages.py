"""Chat sessions and the messages in them."""

import pytest

from client import error_places, unique

ABSENT = "00000000-0000-7000-8000-000000000000"


async def test_a_session_lives_from_creation_to_deletion(api):
    user = await api.new_user()
    made = (await user.post("/my/chat/sessions/", {"title": "first"})).expect(201)
    assert made.keys() >= {"id", "title", "created_at", "updated_at", "message_count"}
    assert made["title"] == "first" and made["message_count"] == 0 and made["created_at"].endswith("Z")
    path = f"/my/chat/sessions/{made['id']}"
    assert (await user.get(path)).expect(200) == made
    renamed = (await user.patch(path, {"title": "second"})).expect(200)
    assert renamed["title"] == "second" and renamed["id"] == made["id"]
    assert (await user.get(path)).expect(200)["title"] == "second"
    assert (await user.delete(path)).status == 204
    for reply in (await user.get(path), await user.patch(path, {"title": "x"}), await user.delete(path)):
        reply.not_found()
    (await user.get(f"/my/chat/{made['id']}/messages/")).not_found()
    (await user.get(f"/my/sse/{made['id']}")).not_found()
    (await user.post_message(made["id"], "hello")).not_found()


async def test_a_session_needs_no_title(api):
    user = await api.new_user()
    made = (await user.post("/my/chat/sessions/", {})).expect(201)
    assert isinstance(made["title"], str)


@pytest.mark.parametrize("title", [5, "x" * 100_000, ["a"]])
async def test_a_faulty_title_is_refused(api, title):
    user = await api.new_user()
    problem = (await user.post("/my/chat/sessions/", {"title": title})).problem(422, "validation_failed")
    assert error_places(problem) == {"title"}


async def test_sessions_are_listed_in_pages(api):
    user = await api.new_user()
    made = {await user.new_session(f"session {index}") for index in range(5)}
    first = (await user.get("/my/chat/sessions/?limit=3")).expect(200)
    assert first["total"] == 5 and len(first["items"]) == 3 and first["next_cursor"]
    second = (await user.get(f"/my/chat/sessions/?limit=3&cursor={first['next_cursor']}")).expect(200)
    assert second["next_cursor"] is None
    assert sorted(item["id"] for item in first["items"] + second["items"]) == sorted(made)


@pytest.mark.parametrize("session", [ABSENT, "not-a-uuid", "1", "%27%20OR%201=1"])
async def test_an_absent_session_is_not_found(api, session):
    user = await api.new_user()
    for path in (f"/my/chat/sessions/{session}", f"/my/chat/{session}/messages/", f"/my/sse/{session}"):
        (await user.get(path)).not_found()
    (await user.post(f"/my/chat/{session}/message/", {"content": "@coder hi"})).not_found()


async def test_messages_tell_who_said_what(api):
    user = await api.new_user()
    session = await user.new_session()
    coder = (await user.get("/my/agents/coder")).expect(200)
    answer = await user.say(session, "hello")
    asked, answered = await user.messages(session)
    assert asked["role"] == "user" and asked["content"] == "hello" and asked["usage"] is None
    assert answered == answer
    assert answered["role"] == "assistant" and answered["content"] == "echo: hello"
    assert (answered["agent_id"], answered["agent_name"]) == (coder["id"], "coder")
    for message in (asked, answered):
        assert message["session_id"] == session and message["created_at"].endswith("Z")
        assert message["task_id"] == answer["task_id"]
    assert asked["id"] < answered["id"] and asked["created_at"] <= answered["created_at"]
    assert (await user.get(f"/my/chat/sessions/{session}")).expect(200)["message_count"] == 2


async def test_messages_can_be_read_from_both_ends_and_the_middle(api):
    user = await api.new_user()
    session = await user.new_session()
    for index in range(4):
        await user.say(session, f"number {index}")
    everything = await user.messages(session)
    ids = [message["id"] for message in everything]
    assert len(ids) == 8 and ids == sorted(ids)
    assert [message["role"] for message in everything] == ["user", "assistant"] * 4

    async def window(query: str) -> list[str]:
        return [message["id"] for message in await user.messages(session, query)]

    assert await window(f"?after={ids[4]}") == ids[5:]
    assert await window(f"?after={ids[1]}&limit=2") == ids[2:4]
    assert await window(f"?before={ids[3]}") == ids[:3]
    assert await window(f"?before={ids[6]}&limit=2") == ids[4:6]
    assert await window(f"?after={ids[1]}&before={ids[5]}") == ids[2:5]
    assert await window(f"?after={ids[-1]}") == []
    assert len(await window("?limit=3")) == 3
    assert (await user.get(f"/my/chat/{session}/messages/")).expect(200)["total"] == 8


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=many", "before=xyz", "after=xyz"])
async def test_a_bad_window_is_refused(api, query):
    user = await api.new_user()
    session = await user.new_session()
    problem = (await user.get(f"/my/chat/{session}/messages/?{query}")).problem(422, "validation_failed")
    assert error_places(problem) == {query.split("=")[0]}


@pytest.mark.parametrize("body, places", [
    ({}, {"content"}),
    ({"content": ""}, {"content"}),
    ({"content": 5}, {"content"}),
    ({"content": "x", "target_agent": 5}, {"target_agent"}),
    ({"content": "x", "target_agent": "coder", "attachments": "file"}, {"attachments"}),
])
async def test_a_faulty_message_is_refused_and_leaves_nothing(api, body, places):
    user = await api.new_user()
    session = await user.new_session()
    problem = (await user.post(f"/my/chat/{session}/message/", body)).problem(422, "validation_failed")
    assert error_places(problem) == places
    assert await user.messages(session) == []


async def test_message_text_keeps_every_character(api):
    user = await api.new_user()
    session = await user.new_session()
    text = "Zürich — 東京 🚀 \"q\" \\ \u2028 <b>&amp;</b> " + unique()
    answer = await user.say(session, text)
    asked, answered = await user.messages(session)
    assert asked["content"] == text
    assert answered["content"] == answer["content"] == f"echo: {text}"


async def test_newest_sessions_show_their_activity(api):
    user = await api.new_user()
    session = await user.new_session()
    before = (await user.get(f"/my/chat/sessions/{session}")).expect(200)["updated_at"]
    await user.say(session, "move the clock")
    assert (await user.get(f"/my/chat/sessions/{session}")).expect(200)["updated_at"] > before


async def test_deleting_a_session_deletes_its_messages_and_ends_its_streams(api):
    user = await api.new_user()
    session = await user.new_session()
    await user.say(session, "short lived")
    async with user.stream(session, since="0") as stream:
        assert (await user.delete(f"/my/chat/sessions/{session}")).status == 204
        await stream.rest()
    assert session not in {item["id"] for item in (await user.get("/my/chat/sessions/")).expect(200)["items"]}
