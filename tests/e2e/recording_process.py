"""Stands in for a process behind a front: writes down what reaches it, and behaves as badly as it is told to."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Recorded:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case, values of a repeated field joined by commas


@dataclass
class RecordingProcess:
    """One HTTP/1.1 listener in the test's loop. Readiness is answered by `ready`, everything else by `manner`.

    manner: "answer" with `status` and the port as body, "swallow" (close without an answer) or "hold" (never answer).
    """

    manner: str = "answer"
    status: int = 200
    ready: bool = True
    port: int = 0
    connections: int = 0  # that carried a recorded request
    requests: list[Recorded] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _tasks: set = field(default_factory=set)

    async def start(self) -> "RecordingProcess":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def aclose(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        before = len(self.requests)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections += len(self.requests) > before
            writer.close()

    async def _serve_one(self, reader, writer) -> bool:
        request = _parsed((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        await reader.readexactly(int(request.headers.get("content-length", 0)))
        if request.path == "/health/ready":
            return await _answer(writer, 200 if self.ready else 503, b"")
        self.requests.append(request)
        if self.manner == "swallow":
            return False
        if self.manner == "hold":
            await asyncio.Event().wait()
        await _answer(writer, self.status, str(self.port).encode())
        return request.headers.get("connection") != "close"


def _parsed(head: str) -> Recorded:
    first, *fields = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers: dict[str, str] = {}
    for line in fields:
        name, _, value = line.partition(":")
        name = name.lower()
        headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
    return Recorded(method, path, headers)


async def _answer(writer, status: int, body: bytes) -> bool:
    writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    return True


class RecordingProcesses:
    """Makes recording processes of one test; they end with its loop."""

    def __init__(self):
        self._made: list[RecordingProcess] = []

    async def __call__(self, **manner) -> RecordingProcess:
        self._made.append(await RecordingProcess(**manner).start())
        return self._made[-1]

    async def aclose(self) -> None:
        for process in self._made:
            await process.aclose()
