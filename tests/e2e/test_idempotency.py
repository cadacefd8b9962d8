"""The same key and body never runs twice."""

import asyncio

import pytest

from client import unique
from waiting import eventually


def keyed(key: str) -> dict:
    return {"headers": {"Idempotency-Key": key}}


async def test_the_first_answer_is_returned_again(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    key, word = unique("key"), unique()
    first = (await user.post_message(session, word, **keyed(key))).expect(200)
    again = (await user.post_message(session, word, **keyed(key))).expect(200)
    assert first == again
    assert len(provider.asked(word)) == 1
    assert len(await user.messages(session)) == 2


async def test_without_a_key_the_same_message_runs_again(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    word = unique()
    first, second = await user.say(session, word), await user.say(session, word)
    assert first["id"] != second["id"] and len(provider.asked(word)) == 2


@pytest.mark.parametrize("change", ["content", "agent", "session"])
async def test_a_key_with_another_request_is_refused(api, provider, change):
    user = await api.new_user()
    session, other = await user.new_session(), await user.new_session()
    key, word = unique("key"), unique()
    await user.say(session, word, **keyed(key))
    reply = await user.post_message(
        other if change == "session" else session, word + "!" if change == "content" else word,
        "asker" if change == "agent" else "coder", **keyed(key))
    reply.problem(409, "idempotency_key_reused")
    assert len(provider.asked(word)) == 1


async def test_racing_posts_with_one_key_run_once(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    key, word, gate = unique("key"), unique(), unique("gate")
    content = f"[[gate {gate}]] {word}"
    posts = [asyncio.ensure_future(user.post_message(session, content, **keyed(key))) for _ in range(6)]
    await eventually(lambda: provider.asked(word), "the provider to be asked")
    provider.open_gate(gate)
    replies = await asyncio.gather(*posts)
    for reply in replies:
        if reply.status != 200:
            reply.problem(409, "idempotency_in_progress")
    answers = {reply.json["id"] for reply in replies if reply.status == 200}
    assert len(answers) == 1
    assert len(provider.asked(word)) == 1 and len(await user.messages(session)) == 2


async def test_an_async_post_is_idempotent_too(api, provider):
    user = await api.new_user()
    session = await user.new_session()
    key, word, gate = unique("key"), unique(), unique("gate")
    first = await user.say_async(session, f"[[gate {gate}]] {word}", **keyed(key))
    second = await user.say_async(session, f"[[gate {gate}]] {word}", **keyed(key))
    assert first["id"] == second["id"]
    provider.open_gate(gate)
    await eventually(lambda: two_messages(user, session), "the answer to be stored")
    assert len(provider.asked(word)) == 1


async def two_messages(user, session: str) -> bool:
    return len(await user.messages(session)) == 2


async def test_a_key_belongs_to_one_user(api, provider):
    mine, yours = await api.new_user(), await api.new_user()
    key, word = unique("key"), unique()
    first = await mine.say(await mine.new_session(), word, **keyed(key))
    second = await yours.say(await yours.new_session(), word, **keyed(key))
    assert first["id"] != second["id"] and len(provider.asked(word)) == 2


async def test_a_key_outlives_a_restart(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session()
    key, word = unique("key"), unique()
    first = await user.say(session, word, **keyed(key))
    server.restart()
    assert await user.say(session, word, **keyed(key)) == first
    assert len(provider.asked(word)) == 1


async def test_a_refused_post_does_not_use_up_its_key(api):
    user = await api.new_user()
    session = await user.new_session()
    key = unique("key")
    (await user.post_message(session, "hello", "nobody", **keyed(key))).problem(404, "agent_not_found")
    await user.new_agent("nobody")
    await user.say(session, "hello", "nobody", **keyed(key))


async def test_a_key_that_is_too_long_is_refused(api):
    user = await api.new_user()
    reply = await user.post_message(await user.new_session(), "hello", **keyed("k" * 5000))
    assert reply.status in (400, 422), reply.text
