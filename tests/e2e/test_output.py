"""What is printed and logged may have no reader: the server serves all the same."""

import contextlib
import os
import socket
import subprocess
import urllib.request

import settings
from server import environment
from waiting import eventually


class Unheard:
    """A server whose output goes where `streams` say. No log line can tell its port, so this picks one."""

    def __init__(self, data_dir, **streams):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        fixed = {"CODELAB_HOST": "127.0.0.1", "CODELAB_PORT": str(self.port), "CODELAB_DATA_DIR": str(data_dir)}
        self._process = subprocess.Popen(
            [str(settings.binary()), "serve"], env=environment(fixed), stdin=subprocess.DEVNULL, **streams
        )

    def __enter__(self) -> "Unheard":
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.wait()

    async def answers(self, times: int) -> bool:
        await eventually(lambda: self._ended() or self._listens(), "the server listens")
        url = f"http://127.0.0.1:{self.port}/health"
        return all(urllib.request.urlopen(url, timeout=settings.patient(10)).status == 200 for _ in range(times))

    def end(self) -> int:
        """Asks it to end; its exit code."""
        self._process.terminate()
        return self._process.wait(settings.patient(30))

    def descriptor(self, number: int) -> str:
        return os.readlink(f"/proc/{self._process.pid}/fd/{number}")

    def _ended(self) -> bool:
        return self._process.poll() is not None

    def _listens(self) -> bool:
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", self.port)) == 0


def full_pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4096)
    os.set_blocking(writer, True)
    return reader, writer


async def test_a_reader_that_is_gone_hurts_nobody(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with Unheard(tmp_path, stdout=writer, stderr=writer) as server:
        os.close(writer)
        assert await server.answers(20) and server.end() == 0


async def test_a_reader_that_does_not_read_holds_up_neither_answers_nor_the_end(tmp_path):
    reader, writer = full_pipe()
    with Unheard(tmp_path, stdout=subprocess.DEVNULL, stderr=writer) as server:
        os.close(writer)
        assert await server.answers(20) and server.end() == 0
    os.close(reader)


async def test_a_closed_stream_is_not_taken_by_something_else(tmp_path):
    with Unheard(tmp_path, preexec_fn=lambda: os.closerange(0, 3)) as server:
        assert await server.answers(3)
        assert [server.descriptor(number) for number in (0, 1, 2)] == ["/dev/null"] * 3
