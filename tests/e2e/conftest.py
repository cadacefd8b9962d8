"""Fixtures, and how a coroutine test runs: in a loop of its own, under a watchdog, its clients closed at the end."""

import asyncio
import inspect

import pytest

import settings
from client import Api
from front import FRONTS, Front
from group import Group
from recording_process import RecordingProcesses
from scripted_openai import ScriptedOpenAi
from server import Server
from settings import provider_settings
from stores import Qdrant, Stores


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    mark = pyfuncitem.get_closest_marker("watchdog")
    clients = [value for value in pyfuncitem.funcargs.values() if hasattr(value, "aclose")]
    asyncio.run(_run(pyfuncitem.obj(**arguments), clients, mark.args[0] if mark else 60))
    return True


async def _run(test, clients: list, seconds: float) -> None:
    try:
        await asyncio.wait_for(test, settings.patient(seconds))
    finally:
        for client in clients:
            await client.aclose()


@pytest.fixture(scope="session")
def running_provider():
    provider = ScriptedOpenAi().start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(running_provider):
    """The scripted provider behind `server` and `start_server`, with nothing asked yet."""
    running_provider.reset()
    return running_provider


def pytest_collection_modifyitems(items):
    for item in items:
        alone = item.get_closest_marker("embedded_only")
        if settings.MANY and alone:
            item.add_marker(pytest.mark.skip(reason=alone.args[0]))


@pytest.fixture(scope="session")
def running_stores():
    """The PostgreSQL and the Redis of this test process."""
    stores = Stores()
    yield stores
    stores.dispose()


@pytest.fixture
def start_processes(running_stores, running_provider):
    """Starts processes of one new deployment and disposes of them after the test."""
    started = []

    def start(count: int, **overrides: str) -> list[Server]:
        deployment = {**running_stores.new_deployment(), **provider_settings(running_provider.base_url), **overrides}
        for _ in range(count):
            started.append(Server(**deployment).start())
        return started[-count:]

    yield start
    for server in started:
        server.dispose()


@pytest.fixture
def start_qdrant():
    """Starts doubles of Qdrant, which the test may stop."""
    started = []

    def start() -> Qdrant:
        started.append(Qdrant())
        return started[-1]

    yield start
    for qdrant in started:
        qdrant.dispose()


@pytest.fixture(scope="session")
def scale(request):
    """Makes the settings of a deployment with an empty store: nothing where each process has its own embedded one."""
    if not settings.MANY:
        return dict
    return request.getfixturevalue("running_stores").new_deployment


@pytest.fixture(scope="session")
def server(running_provider, scale):
    """A server with the scripted provider, shared by tests that change no setting: each test has users of its own."""
    yield from _shared({**scale(), **provider_settings(running_provider.base_url)})


@pytest.fixture(scope="session")
def offline_server(scale):
    """A server as it comes, without any provider: the offline model answers."""
    yield from _shared(scale())


def _shared(deployment: dict[str, str]):
    server = Group([Server(**deployment), Server(**deployment)]) if settings.MANY else Server(**deployment)
    server.start()
    yield server
    server.dispose()


@pytest.fixture
def start_server(running_provider, scale, tmp_path):
    """Starts servers of the test's own, with changed settings, and disposes of them after it."""
    started = []

    def start(**overrides: str) -> Server:
        data_dir = tmp_path / f"data-{len(started)}"
        data_dir.mkdir()
        fixed = {**scale(), **provider_settings(running_provider.base_url)}
        started.append(Server(data_dir, **{**fixed, **overrides}))
        return started[-1].start()

    yield start
    for server in started:
        server.dispose()


@pytest.fixture(params=FRONTS)
def start_front(request):
    """Starts fronts before processes (anything with a port); a test that asks for it runs with each kind of front."""
    started = []

    def start(*processes, **options) -> Front:
        started.append(FRONTS[request.param]([process.port for process in processes], **options))
        return started[-1].start()

    yield start
    for front in started:
        front.dispose()


@pytest.fixture
def record():
    """Makes processes that write down what reaches them; they end with the test's loop."""
    return RecordingProcesses()


@pytest.fixture
def api(server, provider):
    """A client of the shared server."""
    yield from _client_of(server)


@pytest.fixture
def offline_api(offline_server):
    """A client of the shared server without a provider."""
    yield from _client_of(offline_server)


def _client_of(server: Server):
    if not server.running:
        server.start()
    yield Api(server)
    assert server.running, "the server died during this test:\n" + "\n".join(server.lines[-20:])


@pytest.fixture
def connect():
    """Makes clients of the test's own servers; they are closed with the test's loop."""
    return Clients()


class Clients:
    def __init__(self):
        self._made: list[Api] = []

    def __call__(self, server: Server) -> Api:
        self._made.append(Api(server))
        return self._made[-1]

    async def aclose(self) -> None:
        for api in self._made:
            await api.aclose()
