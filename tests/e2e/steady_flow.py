"""Requests that never pause, so that whatever a restart breaks is seen."""

import asyncio

import aiohttp

from waiting import eventually


class SteadyFlow:
    """Asks the front for what needs no store, each of `requests` (method, path, status) again and again.

    fresh: with a connection for each request, as a client does that must not meet one that the front just closes.
    """

    def __init__(self, front, requests: list[tuple[str, str, int]], fresh: bool = False):
        self.front = front
        self.requests = requests
        self.headers = {"Connection": "close"} if fresh else {}
        self.done = 0
        self.failures: list[str] = []
        self._tasks: list[asyncio.Task] = []

    async def __aenter__(self) -> "SteadyFlow":
        self._tasks = [asyncio.create_task(self._run(*request)) for request in self.requests]
        return self

    async def __aexit__(self, *_) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, method: str, path: str, status: int) -> None:
        async with aiohttp.ClientSession() as http:
            while True:
                await self._ask(http, method, path, status)

    async def _ask(self, http, method: str, path: str, status: int) -> None:
        try:
            async with http.request(method, self.front.url + path, headers=self.headers) as reply:
                body = await reply.read()
                if reply.status != status:
                    self.failures.append(f"{path}: {reply.status} {body[:200]!r}")
        except aiohttp.ClientError as failure:
            self.failures.append(f"{path}: {failure!r}")
        self.done += 1

    async def goes_on(self, count: int) -> None:
        goal = self.done + count
        await eventually(lambda: self.done >= goal, f"{count} more answers")
