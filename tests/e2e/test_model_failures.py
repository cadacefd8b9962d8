"""What happens when the model's provider fails: retries, clear answers, nothing lost.

Every test has a server of its own, so that one test's failures do not open the breaker of another's.
"""

import asyncio

import pytest

import settings
from client import unique
from streams import types
from waiting import eventually


@pytest.fixture
def user_of(start_server, connect):
    """A new user with a session on a server of the test's own."""
    async def make(**overrides: str):
        user = await connect(start_server(**overrides)).new_user()
        return user, await user.new_session()

    return make


async def assert_failed_and_kept(user, session: str, reply, status: int, code: str) -> None:
    """The answer says it, the task says it, the stream says it; the question is kept and no answer stored."""
    problem = reply.problem(status, code)
    assert settings.LLM_KEY not in reply.text
    kept = await user.messages(session)
    assert [message["role"] for message in kept] == ["user"]
    task = await user.task(kept[0]["task_id"])
    assert task["status"] == "failed" and task["message_id"] is None
    assert task["error"]["code"] == code and task["error"]["detail"] == problem["detail"]
    async with user.stream(session, since="0") as stream:
        events = await stream.until_type("TASK_FAILED")
    assert events[-1]["task_id"] == task["id"] and events[-1]["payload"] == task["error"]
    assert types(events).count("MESSAGE_CREATED") == 1


@pytest.mark.parametrize("directive, calls", [
    ("[[status 429 times 1]]", 2), ("[[status 500 times 1]]", 2), ("[[status 503 times 2]]", 3)])
async def test_a_passing_failure_is_retried(user_of, provider, directive, calls):
    user, session = await user_of()
    word = unique()
    assert word in (await user.say(session, f"{directive} {word}"))["content"]
    assert len(provider.asked(word)) == calls


async def test_a_line_cut_before_the_first_token_is_retried(user_of, provider):
    user, session = await user_of()
    word = unique()
    provider.queue("[[cut after 0]]")
    assert (await user.say(session, word))["content"] == f"echo: {word}"
    assert len(provider.asked(word)) == 2


async def test_retry_after_is_honoured(user_of, provider):
    user, session = await user_of()
    word = unique()
    await user.say(session, f"[[status 429 retry-after 1 times 1]] {word}")
    first, second = provider.asked(word)
    assert 1.0 <= second["at"] - first["at"] < 10


async def test_a_lasting_failure_is_502_after_a_few_tries(user_of, provider):
    user, session = await user_of()
    word = unique()
    reply = await user.post_message(session, f"[[status 500]] {word}")
    await assert_failed_and_kept(user, session, reply, 502, "model_failed")
    assert 2 <= len(provider.asked(word)) <= 6


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_refusal_is_not_retried(user_of, provider, status):
    user, session = await user_of()
    word = unique()
    reply = await user.post_message(session, f"[[status {status}]] {word}")
    await assert_failed_and_kept(user, session, reply, 502, "model_failed")
    assert len(provider.asked(word)) == 1


async def test_a_line_cut_in_mid_answer_is_502_and_not_retried(user_of, provider):
    user, session = await user_of()
    word = unique()
    reply = await user.post_message(session, f"[[cut after 5]][[tokens 20 delay 0.01]] {word}")
    await assert_failed_and_kept(user, session, reply, 502, "model_failed")
    assert len(provider.asked(word)) == 1


@pytest.mark.parametrize("directive", ["[[garbage]]", "[[garbage after 3]][[tokens 10]]"])
async def test_garbage_is_502(user_of, provider, directive):
    user, session = await user_of()
    reply = await user.post_message(session, directive)
    await assert_failed_and_kept(user, session, reply, 502, "model_failed")


async def test_an_empty_answer_is_no_crash(user_of, provider):
    user, session = await user_of()
    reply = await user.post_message(session, "[[tokens 0]]")
    assert reply.status in (200, 502), reply.text


@pytest.mark.parametrize("directive", ["[[hang]]", "[[hang after 3]][[tokens 10]]"])
async def test_silence_is_504(user_of, provider, directive):
    user, session = await user_of(**{settings.LLM_FIRST_TOKEN: "1", settings.LLM_DEADLINE: "2"})
    reply = await user.post_message(session, directive)
    await assert_failed_and_kept(user, session, reply, 504, "model_timeout")


async def test_an_absent_provider_is_502(user_of, provider):
    user, session = await user_of(CODELAB_LLM_BASE_URL="http://127.0.0.1:1/v1")
    reply = await user.post_message(session, "anybody there?")
    await assert_failed_and_kept(user, session, reply, 502, "model_failed")


async def test_the_session_goes_on_after_a_failure(user_of, provider):
    user, session = await user_of()
    await user.post_message(session, "[[status 400]]")
    word = unique()
    assert word in (await user.say(session, word))["content"]
    assert [message["role"] for message in await user.messages(session)] == ["user", "user", "assistant"]


async def test_a_failure_is_told_on_an_ndjson_answer(user_of, provider):
    user, session = await user_of()
    async with user.post_streaming(session, "[[cut after 3]][[tokens 9 delay 0.01]]") as stream:
        lines = await stream.rest()
    assert "TASK_FAILED" in types(lines)
    assert not any(line.get("role") == "assistant" for line in lines)


async def test_without_an_embedder_it_answers_without_context(user_of, provider):
    user, session = await user_of(CODELAB_EMBEDDING_BASE_URL="http://127.0.0.1:1/v1")
    await assert_answered_without_context(user, session, "hello without vectors")


@pytest.mark.watchdog(150)
async def test_what_is_said_while_the_embedder_fails_is_remembered_when_it_is_back(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session()
    provider.fail_embeddings(503)
    word = unique()
    await assert_answered_without_context(user, session, word)
    # Only now has the memory been tried in vain, too.
    await asyncio.to_thread(server.wait_for_log, lambda record: record.get("event") == "memory_owed")
    provider.fail_embeddings(None)

    async def remembered() -> bool:
        reply = await user.get(f"/my/agents/coder/memory/search?q={word}")
        return reply.status == 200 and any(word in hit["memory"]["text"] for hit in reply.json["items"])

    await eventually(remembered, "the answer to be remembered", 100)
    await eventually(lambda: has_context_with(user, session, word), "messages to have context again", 20)


async def assert_answered_without_context(user, session: str, text: str) -> None:
    async with user.stream(session, since="0") as stream:
        assert (await user.say(session, text, seconds=40))["content"] == f"echo: {text}"
        events = await stream.until_type("TASK_COMPLETED")
    (context,) = [event["payload"] for event in events if event["type"] == "CONTEXT_RETRIEVED"]
    assert context["memory_error"] and context["memories"] == []
    assert [message["content"] for message in await user.messages(session)] == [text, f"echo: {text}"]


async def has_context_with(user, session: str, word: str) -> bool:
    async with user.post_streaming(session, f"what was {word}") as answer:
        lines = await answer.rest()
    (context,) = [line["payload"] for line in lines if line.get("type") == "CONTEXT_RETRIEVED"]
    return not context.get("memory_error") and bool(context["memories"])


async def test_the_breaker_opens_and_closes_again(user_of, provider):
    user, session = await user_of()
    reached = True
    for index in range(60):
        before = len(provider.requests)
        reply = await user.post_message(session, f"[[cut after 2]][[tokens 9]] {index}")
        assert reply.status in (502, 503), reply.text
        reached = len(provider.requests) > before
        if not reached:
            break
    assert not reached, "every failing call reached the provider"
    reply.problem(reply.status)
    assert (await user.messages(session, "?limit=200"))[-1]["content"].endswith(f" {index}"), "the message is kept"
    await eventually(lambda: answers_again(user, session), "the breaker to close", seconds=40)


async def answers_again(user, session: str) -> bool:
    reply = await user.post_message(session, "well again?")
    if reply.status != 200:
        await asyncio.sleep(0.1)
    return reply.status == 200


async def test_calls_in_flight_are_bounded_and_all_are_answered(user_of, provider):
    user, _ = await user_of()
    sessions = [await user.new_session() for _ in range(24)]
    replies = await asyncio.gather(*(user.post_message(session, "[[slow 0.05]] many") for session in sessions))
    assert {reply.status for reply in replies} == {200}
    assert 1 < provider.max_concurrency <= 64
