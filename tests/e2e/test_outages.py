"""A store that is away: what can be answered is answered, nothing is taken that would be lost, and all recovers."""

import asyncio
import collections
import signal
import time

import pytest

import settings
from client import unique
from server import Server
from settings import provider_settings
from stores import Postgres, Redis, free_port
from streams import is_logged, seq
from waiting import eventually


@pytest.fixture
def own_stores():
    """A PostgreSQL and a Redis that the test may stop."""
    postgres, redis = Postgres(), Redis()
    yield postgres, redis
    redis.dispose()
    postgres.dispose()


@pytest.fixture
def start_on(running_provider):
    """Starts processes of one deployment on given stores."""
    started = []

    def start(postgres: Postgres, redis: Redis, count: int = 1, **overrides: str) -> list[Server]:
        deployment = {**postgres.settings(postgres.new_database()), **redis.settings(),
                      settings.JWT_SECRETS: "shared:a-secret-of-at-least-thirty-two-bytes-for-all",
                      **provider_settings(running_provider.base_url), **overrides}
        for _ in range(count):
            started.append(Server(**deployment).start())
        return started[-count:]

    yield start
    for server in started:
        server.dispose()


async def state_of(api, store: str) -> str:
    readiness = (await api.get("/health/ready")).json
    return next(each["status"] for each in readiness["stores"] if each["name"] == store)


@pytest.mark.watchdog(120)
async def test_without_postgresql_nothing_is_taken_and_it_recovers_by_itself(own_stores, start_on, connect):
    postgres, redis = own_stores
    (server,) = start_on(postgres, redis)
    api = connect(server)
    user = await api.new_user()
    session = await user.new_session()
    await user.say(session, "before")
    postgres.stop(signal.SIGQUIT)
    refused = await user.post_message(session, unique("lost"), headers={"Prefer": "respond-async"})
    assert refused.problem(503, "store_unavailable") and int(refused.headers["Retry-After"]) >= 1
    ready = await api.get("/health/ready")
    assert ready.status == 503 and ready.json["status"] == "unavailable"
    assert (await api.get("/health")).status == 200
    postgres.start()

    async def answers():
        return (await user.post_message(session, "after")).status == 200

    await eventually(answers, "messages to be answered again", 40)
    await eventually(lambda: ready_again(api), "the process to be ready")
    contents = [message["content"] for message in await user.messages(session)]
    assert contents[:2] == ["before", "echo: before"] and not any("lost" in content for content in contents)


async def ready_again(api) -> bool:
    return (await api.get("/health/ready")).status == 200


@pytest.mark.watchdog(120)
async def test_an_answer_outlives_a_restart_of_postgresql(own_stores, start_on, connect, provider):
    postgres, redis = own_stores
    (server,) = start_on(postgres, redis)
    user = await connect(server).new_user()
    session = await user.new_session()
    gate = unique("gate")
    async with user.stream(session, since="0") as stream:
        task = await user.say_async(session, f"[[gate {gate} after 2]][[tokens 4]]")
        await stream.until(lambda event: event["type"] == "MESSAGE_DELTA" and "t1" in event["payload"]["text"])
    postgres.stop(signal.SIGQUIT)
    provider.open_gate(gate)
    postgres.start()

    async def ended():
        reply = await user.get(f"/my/tasks/{task['id']}")
        return reply.status == 200 and reply.json["status"] == "completed"

    await eventually(ended, "the answer to be stored", 60)
    assert (await user.messages(session))[-1]["content"] == "t0 t1 t2 t3 "


@pytest.mark.watchdog(120)
async def test_a_task_that_waits_for_its_agent_gets_its_turn_without_redis(own_stores, start_on, connect, provider):
    postgres, redis = own_stores
    (server,) = start_on(postgres, redis)
    user = await connect(server).new_user()
    agent = (await user.new_agent("single", concurrency_limit=1))["name"]
    session = await user.new_session()
    gate = unique("gate")
    async with user.stream(session, since="0") as stream:
        first = await user.say_async(session, f"[[gate {gate}]]", agent)
        second = await user.say_async(session, "its turn", agent)
        assert (first["status"], second["status"]) == ("running", "queued")
        redis.stop(signal.SIGKILL)
        provider.open_gate(gate)
        ends = lambda event: event["type"] == "TASK_COMPLETED" and event["task_id"] == second["id"]
        await stream.until(ends, seconds=30)
    assert [message["content"] for message in await user.messages(session)][-1] == "echo: its turn"


@pytest.mark.watchdog(120)
async def test_without_redis_messages_are_answered_and_streams_go_on(own_stores, start_on, connect, provider):
    postgres, redis = own_stores
    here, there = start_on(postgres, redis, count=2, **{settings.RATE_LIMIT: "1000", settings.HEARTBEAT: "2"})
    api = connect(here)
    user = await api.new_user()
    session = await user.new_session()
    other = as_at(user, connect(there))
    async with other.stream(session, since="0") as stream:
        await user.say(session, "before")
        seen = await stream.until_type("TASK_COMPLETED")
        redis.stop(signal.SIGKILL)
        assert (await user.say(session, "meanwhile"))["content"] == "echo: meanwhile"
        seen += await stream.until_type("TASK_COMPLETED", seconds=30)
        assert (await api.get("/health/ready")).json["status"] == "degraded"
        assert await state_of(api, "redis") == "unavailable"

        async def counts_alone():
            await user.get("/my/profile")
            return "codelab_redis_rate_limit_shared 0" in (await api.get("/metrics")).text

        await eventually(counts_alone, "the rate limit to be counted in each process")
        redis.start()

        async def back():
            return (await api.get("/health/ready")).json["status"] == "ok"

        await eventually(back, "Redis to be used again", 30)
        await user.say(session, "after")
        seen += await stream.until_type("TASK_COMPLETED", seconds=30)
    log = [event for event in seen if is_logged(event)]
    assert [seq(event) for event in log] == list(range(1, len(log) + 1))


@pytest.mark.watchdog(120)
async def test_without_redis_each_process_still_limits_its_requests(own_stores, start_on, connect):
    postgres, redis = own_stores
    here, there = start_on(postgres, redis, count=2, **{settings.RATE_LIMIT: "10"})
    user = await connect(here).new_user()
    other = as_at(user, connect(there))
    assert (await user.get("/my/profile")).status == 200
    redis.stop(signal.SIGKILL)
    for caller in (user, other):
        replies = [await caller.get("/my/profile") for _ in range(12)]
        assert [reply.status for reply in replies] == [200] * 10 + [429] * 2
        replies[-1].problem(429, "rate_limited")
        assert int(replies[-1].headers["Retry-After"]) >= 1


@pytest.mark.watchdog(120)
async def test_without_qdrant_it_answers_without_context_and_remembers_later(own_stores, start_on, connect, provider,
                                                                           start_qdrant):
    postgres, redis = own_stores
    qdrant = start_qdrant()
    (server,) = start_on(postgres, redis, CODELAB_QDRANT_URL=qdrant.url)
    api = connect(server)
    user = await api.new_user()
    session = await user.new_session()
    (await user.post("/my/agents/coder/memory/", {"text": "the ferry leaves at noon"})).expect(201)
    qdrant.stop()
    word = unique("word")
    async with user.stream(session, since="0") as stream:
        await user.say(session, f"[[say {word} it is]]", seconds=60)
        events = await stream.until_type("TASK_COMPLETED")
    (context,) = [event for event in events if event["type"] == "CONTEXT_RETRIEVED"]
    assert context["payload"]["memory_error"] and context["payload"]["memories"] == []
    assert (await api.get("/health/ready")).json["status"] == "degraded"
    qdrant.start()

    async def remembered():
        reply = await user.get(f"/my/agents/coder/memory/search?q={word}")
        return reply.status == 200 and any(word in hit["memory"]["text"] for hit in reply.json["items"])

    await eventually(remembered, "the answer to be remembered", 60)


@pytest.mark.watchdog(180)
async def test_a_qdrant_that_hangs_takes_no_process_out(own_stores, start_on, connect, provider, start_qdrant,
                                                        start_front):
    postgres, redis = own_stores
    qdrant = start_qdrant()
    (server,) = start_on(postgres, redis, CODELAB_QDRANT_URL=qdrant.url)
    direct, api = connect(server), connect(start_front(server))
    user = await api.new_user()
    session = await user.new_session()
    await user.say(session, "before")
    assert await state_of(direct, "qdrant") == "ok"
    qdrant.freeze()
    for _ in range(3):
        started = time.monotonic()
        ready = (await direct.get("/health/ready")).expect(200)
        assert time.monotonic() - started < settings.patient(0.9)
        assert ready["status"] == "degraded"
        assert [store["name"] for store in ready["stores"] if store["status"] != "ok"] == ["qdrant"]
    times = []
    for _ in range(5):
        started = time.monotonic()
        context = await context_of_an_answer(user, session)
        times.append(time.monotonic() - started)
        assert context["memory_error"] and context["memories"] == []
    assert max(times) < settings.patient(6), "messages wait for Qdrant longer than they may"
    assert min(times) < settings.patient(1.5), "every message waits for a Qdrant that hangs"
    qdrant.thaw()

    async def well() -> bool:
        return (await direct.get("/health/ready")).json["status"] == "ok"

    async def has_context() -> bool:
        return not (await context_of_an_answer(user, session)).get("memory_error")

    await eventually(well, "all to be well again", 40)
    await eventually(has_context, "messages to have context again", 20)


async def context_of_an_answer(user, session: str) -> dict:
    """Posts, has its answer, and returns what CONTEXT_RETRIEVED said."""
    async with user.post_streaming(session, "meanwhile") as answer:
        lines = await answer.rest(30)
    assert lines[-1]["content"] == "echo: meanwhile"
    (context,) = [line for line in lines if line.get("type") == "CONTEXT_RETRIEVED"]
    return context["payload"]


async def test_a_request_that_comes_while_the_store_is_away_has_a_deadline(own_stores, start_on, connect):
    postgres, redis = own_stores
    (server,) = start_on(postgres, redis, CODELAB_REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    user = await connect(server).new_user()
    assert (await user.get("/my/profile")).status == 200


def as_at(user, api):
    """The same user at another process."""
    return type(user)(api, user.email, user.password,
                      {"user": {"id": user.id}, "access_token": user.access_token,
                       "refresh_token": user.refresh_token})


@pytest.mark.watchdog(120)
@pytest.mark.parametrize("spoil", ["refuses", "hangs"])
async def test_a_redis_that_takes_nothing_keeps_no_stream_waiting(own_stores, start_on, connect, spoil):
    postgres, redis = own_stores
    here, there = start_on(postgres, redis, count=2)
    api = connect(here)
    user = await api.new_user()
    session = await user.new_session()
    await user.say(session, "before")
    if spoil == "refuses":
        redis.cli("CONFIG", "SET", "maxmemory", "1")
    else:
        redis.freeze()

    async def noticed() -> bool:
        return (await api.get("/health/ready")).json["status"] == "degraded"

    await eventually(noticed, "the process to know of it", 20)
    assert await state_of(api, "redis") == "unavailable"
    async with as_at(user, connect(there)).stream(session, since="0") as stream:
        async with user.post_streaming(session, "[[tokens 8 delay 0.05]]") as answer:
            told = await answer.until_type("TASK_COMPLETED", seconds=10)
        pieces = "".join(event["payload"]["text"] for event in told if event["type"] == "MESSAGE_DELTA")
        assert pieces == "t0 t1 t2 t3 t4 t5 t6 t7 "
        task = told[-1]["task_id"]
        await stream.until(lambda event: event["type"] == "TASK_COMPLETED" and event["task_id"] == task, seconds=10)
    started = time.monotonic()
    for _ in range(5):
        await user.get("/my/profile")
    assert time.monotonic() - started < 5 * 0.5, "every request waited for Redis"
    if spoil == "refuses":
        redis.cli("CONFIG", "SET", "maxmemory", "0")
    else:
        redis.thaw()

    async def well() -> bool:
        return (await api.get("/health/ready")).json["status"] == "ok"

    await eventually(well, "all to be well again", 20)


CUT_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


async def post_until_answered(user, session: str, word: str) -> None:
    """The same post, under its key, until it has its answer."""
    for _ in range(60):
        reply = await user.post_message(session, f"[[say {word}]]", headers={"Idempotency-Key": f"{session} {word}"})
        if reply.status == 200:
            assert reply.json["content"] == word
            return
        assert reply.status == 503 and int(reply.headers["Retry-After"]) >= 1, reply.text
        await asyncio.sleep(0.2)
    raise AssertionError(f"{word} was not answered")


@pytest.mark.watchdog(240)
async def test_connections_that_are_cut_again_and_again_lose_and_double_nothing(own_stores, start_on, connect):
    postgres, redis = own_stores
    here, there = start_on(postgres, redis, count=2)
    user = await connect(here).new_user()
    other = as_at(user, connect(there))
    sessions = [await user.new_session() for _ in range(4)]
    words = [f"w{number}" for number in range(15)]

    async def cut() -> None:
        for _ in range(8):
            await asyncio.sleep(0.3)  # the moment, not a wait for anything
            await asyncio.to_thread(postgres.sql, CUT_ALL)

    async def talk(who, session: str) -> None:
        for word in words:
            await post_until_answered(who, session, word)

    await asyncio.gather(cut(), *(talk((user, other)[place % 2], each) for place, each in enumerate(sessions)))
    for session in sessions:
        messages = await user.all_messages(session)
        assert [each["content"] for each in messages if each["role"] == "assistant"] == words
        assert len(messages) == 2 * len(words)
        async with other.stream(session, since="0") as stream:
            log = await stream.until(lambda event: is_answer(event) and event["payload"]["content"] == words[-1])
        logged = [event for event in log if is_logged(event)]
        assert [seq(event) for event in logged] == list(range(1, len(logged) + 1))
        told = collections.Counter(event["payload"]["content"] for event in logged if is_answer(event))
        assert set(told.values()) == {1} and len(told) == len(words)


def is_answer(event: dict) -> bool:
    return event["type"] == "MESSAGE_CREATED" and event["payload"]["role"] == "assistant"


@pytest.mark.watchdog(120)
async def test_a_table_that_somebody_holds_is_told_as_unavailable_and_comes_back(own_stores, start_on, connect):
    postgres, redis = own_stores
    (server,) = start_on(postgres, redis)
    user = await connect(server).new_user()
    session = await user.new_session()
    await user.say(session, "before")
    database = postgres.sql("SELECT datname FROM pg_database WHERE datname LIKE 'e2e%'").strip()
    held = asyncio.ensure_future(
        asyncio.to_thread(postgres.sql, "BEGIN; LOCK TABLE tasks; SELECT pg_sleep(12); COMMIT", database))

    async def is_held() -> bool:
        locks = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'tasks'::regclass"
        return await asyncio.to_thread(postgres.sql, locks, database) == "1"

    await eventually(is_held, "the table to be held")
    posts = [user.post_message(session, "meanwhile", headers={"Prefer": "respond-async"}) for _ in range(20)]
    replies = await asyncio.gather(*posts)
    # One that got its connection late may have outwaited whoever holds the table.
    refused = [reply for reply in replies if reply.status != 202]
    assert refused
    for reply in refused:
        assert reply.problem(503) and int(reply.headers["Retry-After"]) >= 1
    await held
    assert (await user.say(session, "after"))["content"] == "echo: after"
    questions = [each for each in await user.all_messages(session) if each["content"] == "meanwhile"]
    assert len(questions) == len(replies) - len(refused)


@pytest.mark.watchdog(120)
async def test_a_postgresql_that_only_lets_read_is_unavailable(own_stores, start_on, connect):
    postgres, redis = own_stores
    (server,) = start_on(postgres, redis)
    api = connect(server)
    database = postgres.sql("SELECT datname FROM pg_database WHERE datname LIKE 'e2e%'").strip()
    await eventually(lambda: ready_again(api), "the process to be ready")
    postgres.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on; {CUT_ALL}")

    async def unavailable() -> bool:
        return (await api.get("/health/ready")).status == 503

    await eventually(unavailable, "the process to know of it", 20)
    postgres.sql(f"ALTER DATABASE {database} RESET default_transaction_read_only; {CUT_ALL}")
    await eventually(lambda: ready_again(api), "the process to be ready again", 20)
