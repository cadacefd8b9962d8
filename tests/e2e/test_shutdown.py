"""SIGTERM: nothing new is begun, what runs is finished, and the process ends by itself."""

import asyncio

import aiohttp

from client import unique
from waiting import eventually, within


async def test_sigterm_lets_an_answer_finish(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session()
    gate = unique("gate")
    posting = asyncio.ensure_future(user.post_message(session, f"[[gate {gate} after 1]][[tokens 3]]"))
    await eventually(lambda: provider.asked(gate), "the provider to be asked")
    server.terminate()
    await eventually(lambda: refused_or_503(server, connect), "the server to stop accepting")
    provider.open_gate(gate)
    assert (await posting).expect(200)["content"] == "t0 t1 t2 "
    assert await asyncio.to_thread(server.wait_ended) == 0


async def refused_or_503(server, connect) -> bool:
    try:
        return (await connect(server).get("/health/ready")).status == 503
    except aiohttp.ClientConnectionError:  # refused, or taken by the kernel just before the listener closed
        return True


async def test_sigterm_ends_open_streams_and_idle_connections(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session()
    await user.say(session, "hello")
    async with user.stream(session, since="0") as stream:
        await stream.until_type("TASK_COMPLETED")
        server.terminate()
        assert await asyncio.to_thread(server.wait_ended) == 0
        await within(stream.rest(), "the stream to end")


async def test_sigterm_does_not_wait_for_ever(start_server, connect, provider):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session()
    gate = unique("gate")
    await user.say_async(session, f"[[gate {gate}]][[say at last]]")
    await eventually(lambda: provider.asked(gate), "the provider to be asked")
    server.terminate()
    assert await asyncio.to_thread(server.wait_ended, 30) == 0
    server.start()
    provider.open_gate(gate)
    status = await eventually(lambda: final_status(user), "the task to end")
    assert status == "completed"
    async with user.stream(session, since="0") as stream:
        await stream.until_type("TASK_COMPLETED")


async def final_status(user) -> str | None:
    status = (await user.get("/my/tasks/")).expect(200)["items"][0]["status"]
    return None if status in ("queued", "running") else status


async def test_a_restart_keeps_everything(start_server, connect):
    server = start_server()
    user = await connect(server).new_user()
    session = await user.new_session("kept")
    answer = await user.say(session, "hello")
    server.restart()
    assert (await user.get(f"/my/chat/sessions/{session}")).expect(200)["title"] == "kept"
    assert (await user.messages(session))[-1] == answer
    async with user.stream(session, since="0") as stream:
        await stream.until_type("TASK_COMPLETED")
    assert (await user.say(session, "still there?"))["content"] == "echo: still there?"
