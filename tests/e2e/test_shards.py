"""Users spread over two databases, `main` and `b`, and moved between them while processes serve."""

import asyncio
import signal

import pytest

import settings
from client import User, unique
from server import Server, run_command
from settings import provider_settings
from stores import Postgres
from streams import is_logged, seq
from test_processes import at, nothing_runs
from waiting import eventually

SECRETS = {settings.JWT_SECRETS: "shared:a-secret-of-at-least-thirty-two-bytes-for-all"}


class Deployment:
    """Two databases and the processes over them."""

    def __init__(self, main: Postgres, b: Postgres, redis, provider):
        self.main, self.b = main, b
        self.main_database, self.b_database = main.new_database(), b.new_database()
        self.settings = {**main.settings(self.main_database), **b.settings_of_shard("b", self.b_database),
                         **redis.settings(), **SECRETS, **provider_settings(provider.base_url)}
        self._started: list[Server] = []

    def start(self, count: int) -> list[Server]:
        for _ in range(count):
            self._started.append(Server(**self.settings).start())
        return self._started[-count:]

    def home_of(self, user: User) -> str:
        return self.main.sql(f"SELECT shard FROM user_places WHERE user_id = '{user.id}'", self.main_database)

    async def new_user_in(self, api, shard: str) -> User:
        """Registers users until one is put into `shard`."""
        for _ in range(64):
            user = await api.new_user()
            if self.home_of(user) == shard:
                return user
        raise AssertionError(f"of 64 users none was put into {shard}")

    async def command(self, *arguments: str):
        return await asyncio.to_thread(run_command, *arguments, **self.settings)

    async def move(self, user: User, shard: str) -> str:
        done = await self.command("shards", "move", user.email, shard)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def dispose(self) -> None:
        for server in self._started:
            server.dispose()


@pytest.fixture
def shards(running_stores, running_provider):
    """Two databases of the server that the tests share."""
    deployment = Deployment(running_stores.postgres, running_stores.postgres, running_stores.redis, running_provider)
    yield deployment
    deployment.dispose()


@pytest.fixture
def shards_apart(running_stores, running_provider):
    """`b` is on a server of its own, which the test may stop."""
    b = Postgres()
    deployment = Deployment(running_stores.postgres, b, running_stores.redis, running_provider)
    yield deployment
    deployment.dispose()
    b.dispose()


class Conversation:
    """A user to whom two processes post, and a reader at one of them who takes up the stream whenever it breaks off."""

    def __init__(self, user: User, session: str, apis):
        self.user, self.session, self.apis = user, session, apis
        self.accepted: list[list[str]] = [[] for _ in apis]
        self.events: list[dict] = []
        self.refused = 0
        self.stop = asyncio.Event()

    async def post(self, process: int) -> None:
        """One message after the other; each until it is accepted."""
        user = at(self.user, self.apis[process])
        while not self.stop.is_set():
            word = unique("word")
            while True:
                reply = await user.post_message(self.session, f"[[tokens 2]] {word}",
                                                headers={"Prefer": "respond-async", "Idempotency-Key": word})
                if reply.status == 202:
                    break
                assert int(reply.headers["Retry-After"]) >= 1
                if reply.status == 429:  # these posts wait for no answer: they may be faster than the agent
                    reply.problem(429, "queue_full")
                else:
                    reply.problem(503)
                    self.refused += 1
            self.accepted[process].append(word)

    async def read(self) -> None:
        """Until the stream has nothing new after the end."""
        user = at(self.user, self.apis[1])
        while True:
            since = self.events[-1]["id"] if self.events else "0"
            try:
                async with user.stream(self.session, since=since) as stream:
                    while (event := await stream.next(60)) is not None:
                        if is_logged(event):
                            self.events.append(event)
                        if self.is_whole():
                            return
            except AssertionError as refused:
                assert "503" in str(refused), refused

    def is_whole(self) -> bool:
        """Every accepted message was seen, and the end of every task."""
        asked = sum(event["type"] == "DIRECT_AGENT_CALL" for event in self.events)
        ended = sum(event["type"] in ("TASK_COMPLETED", "TASK_FAILED") for event in self.events)
        return self.stop.is_set() and asked == ended == sum(map(len, self.accepted))

    def check(self) -> None:
        assert [seq(event) for event in self.events] == list(range(1, len(self.events) + 1))
        asked = [event["payload"]["content"] for event in self.events
                 if event["type"] == "MESSAGE_CREATED" and event["payload"]["role"] == "user"]
        for words in self.accepted:
            places = [[place for place, content in enumerate(asked) if word in content] for word in words]
            assert all(len(each) == 1 for each in places), places
            assert places == sorted(places)
        assert all(event["type"] != "TASK_FAILED" for event in self.events)


@pytest.mark.watchdog(240)
async def test_nothing_is_lost_or_doubled_while_users_are_moved_to_and_fro(shards, connect, provider):
    apis = [connect(server) for server in shards.start(2)]
    users = [await apis[0].new_user() for _ in range(3)]
    conversations = [Conversation(user, await user.new_session(), apis) for user in users]
    work = [asyncio.ensure_future(each.post(process)) for each in conversations for process in (0, 1)]
    reading = [asyncio.ensure_future(each.read()) for each in conversations]
    for _ in range(4):
        for each in conversations:
            target = "main" if shards.home_of(each.user) == "b" else "b"
            reached = [len(words) + 3 for words in each.accepted]
            assert "moved" in await shards.move(each.user, target)
            assert shards.home_of(each.user) == target
            await eventually(lambda: any(task.done() for task in work) or all(
                len(words) >= wanted for words, wanted in zip(each.accepted, reached)), "posts after the move", 30)
    for each in conversations:
        each.stop.set()
    await asyncio.gather(*work)
    await asyncio.gather(*reading)
    for each in conversations:
        each.check()
        await eventually(lambda: nothing_runs(at(each.user, apis[1])), "every task to end", 30)
        contents = await all_contents(at(each.user, apis[1]), each.session)
        for word in (word for words in each.accepted for word in words):
            assert sum(word in content for content in contents) == 1
        home = shards.home_of(each.user)
        other, database = (shards.b, shards.b_database) if home == "main" else (shards.main, shards.main_database)
        assert other.sql(f"SELECT count(*) FROM events WHERE user_id = '{each.user.id}'", database) == "0"


async def all_contents(user: User, session: str) -> list[str]:
    """Of all messages, page by page."""
    contents, cursor = [], ""
    while True:
        page = (await user.get(f"/my/chat/{session}/messages/?limit=100{cursor}")).expect(200)
        contents += [message["content"] for message in page["items"] if message["role"] == "user"]
        if not page.get("next_cursor"):
            return contents
        cursor = f"&after={page['next_cursor']}"


@pytest.mark.watchdog(120)
async def test_an_answer_that_grows_goes_on_after_its_user_was_moved(shards, connect, provider):
    here, there = [connect(server) for server in shards.start(2)]
    user = await shards.new_user_in(here, "main")
    session = await user.new_session()
    gate = unique("gate")
    async with at(user, there).stream(session, since="0") as stream:
        task = await user.say_async(session, f"[[gate {gate} after 2]][[tokens 4]]")
        await stream.until(lambda event: event["type"] == "MESSAGE_DELTA" and "t1" in event["payload"]["text"])
        await shards.move(user, "b")
        provider.open_gate(gate)
        await stream.until_type("TASK_COMPLETED", seconds=30)
    assert (await at(user, there).messages(session))[-1]["content"] == "t0 t1 t2 t3 "
    assert (await user.task(task["id"]))["status"] == "completed"
    again = await here.login(user.email)
    assert again.id == user.id and (await again.delete("/my/profile")).status == 204
    (await here.post("/auth/login", {"email": user.email, "password": user.password})).problem(401)


@pytest.mark.watchdog(180)
async def test_a_shard_that_is_away_concerns_its_own_users_alone(shards_apart, connect, provider):
    (server,) = shards_apart.start(1)
    api = connect(server)
    hers, his = [await shards_apart.new_user_in(api, shard) for shard in ("b", "main")]
    her_session, his_session = await hers.new_session(), await his.new_session()
    await hers.say(her_session, "before")
    shards_apart.b.stop(signal.SIGQUIT)

    async def expect_him_alone(api) -> None:
        refused = await at(hers, api).post_message(her_session, "lost", headers={"Prefer": "respond-async"})
        assert refused.problem(503, "store_unavailable") and int(refused.headers["Retry-After"]) >= 1
        assert (await at(his, api).say(his_session, "hello"))["content"] == "echo: hello"
        assert (await api.login(his.email)).id == his.id

    await expect_him_alone(api)
    await eventually(lambda: degraded(api), "readiness to name the shard", 30)
    listed = await shards_apart.command("shards", "list")
    assert listed.returncode == 1 and "away" in listed.stdout and "reachable" in listed.stdout, listed.stdout
    # A process that is started meanwhile serves those whom it can.
    (later,) = shards_apart.start(1)
    later_api = connect(later)
    await expect_him_alone(later_api)
    shards_apart.b.start()
    for each in (api, later_api):
        async def answers():
            return (await at(hers, each).post_message(her_session, "after")).status == 200

        await eventually(answers, "her messages to be answered again", 60)
        await eventually(lambda: not_degraded(each), "readiness", 30)
    contents = [message["content"] for message in await hers.messages(her_session)]
    assert contents[:2] == ["before", "echo: before"] and "lost" not in contents


async def degraded(api) -> bool:
    ready = await api.get("/health/ready")
    assert ready.status == 200, ready.text
    return {"name": "postgresql/b", "status": "unavailable"} in ready.json["stores"] and ready.json["status"] == "degraded"


async def not_degraded(api) -> bool:
    return (await api.get("/health/ready")).json["status"] == "ok"


async def test_shards_are_listed_with_their_users_and_unfinished_moves(shards, connect):
    (server,) = shards.start(1)
    api = connect(server)
    user = await shards.new_user_in(api, "b")
    listed = (await shards.command("shards", "list")).stdout
    lines = {line.split()[0]: line for line in listed.splitlines()}
    assert set(lines) == {"main", "b"} and shards.b_database in lines["b"] and "user=" not in listed
    count = shards.b.sql("SELECT count(*) FROM users", shards.b_database)
    assert lines["b"].endswith(f"reachable  {count} users")
    shards.main.sql(f"UPDATE user_places SET moving_to = 'main' WHERE user_id = '{user.id}'", shards.main_database)
    listed = (await shards.command("shards", "list")).stdout
    assert f"moving  {user.id}  {user.email}  from b to main" in listed
    assert "gave the move up" in await shards.move(user, "b")
    assert "lives in b" in await shards.move(user, "b")
    for arguments, said in (((user.email, "c"), "no shard c"), (("nobody@example.com", "b"), "no user nobody")):
        refused = await shards.command("shards", "move", *arguments)
        assert refused.returncode == 1 and said in refused.stderr
    assert (await user.get("/my/profile")).status == 200
