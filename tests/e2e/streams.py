"""Reading event streams: NDJSON and server-sent events, line by line, with a watchdog on every read."""

import json

import aiohttp

from waiting import within


class EventStream:
    """One open GET /my/sse/{session_id}, or a post's NDJSON answer. Use as `async with`; leaving drops the line."""

    def __init__(self, opening):
        self._opening = opening
        self._response: aiohttp.ClientResponse | None = None
        self._chunks = None
        self._buffer = b""
        self.is_sse = False
        self.sse_ids: list[str] = []  # the `id:` fields seen, for server-sent events
        self.sse_names: list[str] = []  # the `event:` fields seen

    async def __aenter__(self) -> "EventStream":
        self._response = await within(self._opening, "the stream's headers")
        assert self._response.status == 200, (self._response.status, await self._response.text())
        self.is_sse = self.content_type == "text/event-stream"
        assert self.is_sse or self.content_type == "application/x-ndjson", self.content_type
        self._chunks = self._response.content.iter_any()
        return self

    async def __aexit__(self, *_) -> None:
        self._response.close()

    @property
    def content_type(self) -> str:
        return self._response.headers["Content-Type"].split(";")[0].strip()

    @property
    def headers(self):
        return self._response.headers

    async def next(self, seconds: float = 15) -> dict | None:
        """The next event, or None when the server ended the stream."""
        return await within(self._next(), "the next event of the stream", seconds)

    async def _next(self) -> dict | None:
        return await (self._next_sse() if self.is_sse else self._next_line())

    async def _next_line(self) -> dict | None:
        while (line := await self._line()) is not None:
            if line.strip():
                return json.loads(line)
        return None

    async def _next_sse(self) -> dict | None:
        fields: dict[str, list[str]] = {}
        while (line := await self._line()) is not None:
            if not line.strip():
                if "data" in fields:
                    return self._dispatch(fields)
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                fields.setdefault(name, []).append(value.removeprefix(" "))
        return None

    def _dispatch(self, fields: dict[str, list[str]]) -> dict:
        self.sse_ids.extend(fields.get("id", []))
        self.sse_names.extend(fields.get("event", []))
        return json.loads("\n".join(fields["data"]))

    async def _line(self) -> str | None:
        while b"\n" not in self._buffer:
            try:
                self._buffer += await self._chunks.__anext__()
            except StopAsyncIteration:
                assert not self._buffer, f"the stream ended within a line: {self._buffer[:200]!r}"
                return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode().removesuffix("\r")

    async def until(self, wanted, seconds: float = 15, heartbeats: bool = False) -> list[dict]:
        """Events up to and with the first for which `wanted(event)` holds; without heartbeats unless asked for."""
        return await within(self._until(wanted, heartbeats), "an event of the stream", seconds)

    async def _until(self, wanted, heartbeats: bool) -> list[dict]:
        events = []
        while (event := await self._next()) is not None:
            if heartbeats or event["type"] != "HEARTBEAT":
                events.append(event)
            if wanted(event):
                return events
        raise AssertionError(f"the stream ended before the awaited event; seen: {[e.get('type') for e in events]}")

    async def until_type(self, *types: str, seconds: float = 15) -> list[dict]:
        return await self.until(lambda event: event["type"] in types, seconds)

    async def rest(self, seconds: float = 15) -> list[dict]:
        """Everything up to the end of the stream."""
        return await within(self._rest(), "the end of the stream", seconds)

    async def _rest(self) -> list[dict]:
        events = []
        while (event := await self._next()) is not None:
            events.append(event)
        return events


def seq(event: dict) -> int:
    """The place of a logged event in its session's log."""
    return int(event["id"].split(".")[0])


def is_logged(event: dict) -> bool:
    return event["type"] not in ("MESSAGE_DELTA", "HEARTBEAT", "ERROR")


def logged(events: list[dict]) -> list[dict]:
    return [event for event in events if is_logged(event)]


def types(events: list[dict]) -> list[str]:
    """The event types with runs of deltas folded into one."""
    folded: list[str] = []
    for event in events:
        if event["type"] != "MESSAGE_DELTA" or folded[-1:] != ["MESSAGE_DELTA"]:
            folded.append(event["type"])
    return folded


def event_message(event: dict) -> dict:
    """The message that a MESSAGE_CREATED event carries."""
    return event["payload"].get("message", event["payload"])


class DeltaAssembler:
    """Joins MESSAGE_DELTA events into texts, refusing a gap or a repetition; offsets count UTF-8 bytes."""

    def __init__(self):
        self.texts: dict[str, str] = {}

    def add(self, event: dict) -> None:
        if event["type"] != "MESSAGE_DELTA":
            return
        payload = event["payload"]
        text = self.texts.get(payload["message_id"], "")
        length = len(text.encode())
        assert payload["offset"] == length, f"delta at {payload['offset']} where {length} was expected"
        self.texts[payload["message_id"]] = text + payload["text"]

    def add_all(self, events: list[dict]) -> "DeltaAssembler":
        for event in events:
            self.add(event)
        return self
