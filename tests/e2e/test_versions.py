"""Two versions side by side: the next one migrates the database while this one serves, and takes over from it."""

import asyncio
import copy
from contextlib import asynccontextmanager

import aiohttp
import pytest

import settings
from client import Api, unique
from server import Server, run_command
from streams import is_logged, seq
from waiting import eventually, within

# Built from today's code with a migration more that today's binaries can serve from (it tells events of a type that they
# do not know), and with one that they cannot.
NEXT = settings.binary().with_name("codelab_next")
INCOMPATIBLE = settings.binary().with_name("codelab_incompatible")


@pytest.fixture
def deployment(running_stores, running_provider):
    return {**running_stores.new_deployment(), **settings.provider_settings(running_provider.base_url),
            "CODELAB_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture
def start_version(deployment):
    """Starts processes of the one deployment, of this version unless another is named."""
    started = []

    def start(program=None, **overrides: str) -> Server:
        started.append(Server(program=program, **deployment, **overrides))
        return started[-1].start()

    yield start
    for server in started:
        server.dispose()


class Talk:
    """A session whose user posts without a pause, each post on a connection of its own, and follows what happens there;
    when that stream ends, as the streams of a process that leaves do, it is resumed."""

    def __init__(self, front, user, session: str):
        self.front = front
        self.user = user
        self.session = session
        self.words: list[str] = []
        self.events: list[dict] = []
        self.stopping = False
        self._last: int | None = None

    async def post(self) -> None:
        while not self.stopping:
            await self._post_one()

    async def end(self) -> None:
        """With one more post, by whose end the follower knows that it has seen all."""
        self._last = len(self.words) + 1
        await self._post_one()

    async def _post_one(self) -> None:
        word = unique("word")
        async with self._newly_connected() as user:
            assert (await user.say(self.session, f"[[say {word}]]"))["content"] == word
        self.words.append(word)

    async def follow(self) -> None:
        while not self._is_complete():
            try:
                await self._follow_while_connected()
            except aiohttp.ClientPayloadError:
                pass

    async def _follow_while_connected(self) -> None:
        place = self.events[-1]["id"] if self.events else "0"
        async with self._newly_connected() as user, user.stream(self.session, last_event_id=place) as stream:
            while not self._is_complete() and (event := await stream.next(30)) is not None:
                if is_logged(event):
                    self.events.append(event)

    @asynccontextmanager
    async def _newly_connected(self):
        """The user, not on a connection that the front may just be closing because nothing came over it."""
        user = copy.copy(self.user)
        user.api = Api(self.front)
        try:
            yield user
        finally:
            await user.api.aclose()

    def _is_complete(self) -> bool:
        return sum(event["type"] == "TASK_COMPLETED" for event in self.events) == self._last

    async def assert_nothing_is_lost(self) -> None:
        """Nor what the next version tells and this one does not know."""
        assert any(event["type"] == "TASK_PRIORITISED" for event in self.events)
        assert [seq(event) for event in self.events] == list(range(1, len(self.events) + 1))
        said = [message["content"] for message in await self.user.all_messages(self.session)
                if message["role"] == "assistant"]
        assert said == self.words


@pytest.mark.watchdog(180)
async def test_the_next_version_takes_over_and_nothing_fails(start_front, start_version, connect, provider):
    leaving = {"CODELAB_DRAIN_DELAY_SECONDS": "6"}  # said by the process itself, until the front has noticed
    olds = [start_version(**leaving), start_version(**leaving)]
    front = start_front(*olds)
    api = connect(front)
    talks = []
    for _ in range(3):
        user = await api.new_user()
        talks.append(Talk(front, user, await user.new_session()))
    posting = [asyncio.ensure_future(talk.post()) for talk in talks]
    following = [asyncio.ensure_future(talk.follow()) for talk in talks]

    async def goes_on(count: int = 30) -> None:
        goal = sum(len(talk.words) for talk in talks) + count
        await eventually(lambda: any(task.done() for task in posting + following)
                         or sum(len(talk.words) for talk in talks) >= goal, "more answers", 30)
        for task in posting + following:
            if task.done():
                await task
                raise AssertionError("somebody stopped early")

    await goes_on()
    new = await asyncio.to_thread(start_version, NEXT)
    assert any(record["event"] == "store_migrated" for record in new.log_records())
    await goes_on()
    again = await asyncio.to_thread(start_version, **leaving)
    assert any(record["event"] == "store_is_newer" for record in again.log_records())
    front.ports += [new.port, again.port]
    front.take_out(None)
    await eventually(lambda: is_asked(connect(new)), "the new process to be asked")
    await goes_on()
    for old in [*olds, again]:
        await asyncio.to_thread(old.stop)
        await goes_on()
    for talk in talks:
        talk.stopping = True
    await within(asyncio.gather(*posting), "the last answers", 30)
    for talk in talks:
        await talk.end()
    await within(asyncio.gather(*following), "all to have read the end", 30)
    for talk in talks:
        await talk.assert_nothing_is_lost()


async def is_asked(direct) -> bool:
    text = (await direct.get("/metrics", headers={"Connection": "close"})).text
    return 'codelab_http_request_seconds_count{method="POST"' in text


def test_a_version_too_old_for_the_database_says_so_and_does_not_start(start_version, deployment, tmp_path):
    start_version(INCOMPATIBLE)
    refused = run_command("serve", CODELAB_PORT="0", CODELAB_DATA_DIR=str(tmp_path), **deployment)
    assert refused.returncode != 0
    assert "the database was made by a newer version of codelab" in refused.stderr, refused.stderr
    assert "task_urgencies): start that version, or use another database" in refused.stderr, refused.stderr
