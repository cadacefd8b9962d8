"""An OpenAI-compatible server whose behaviour is scripted, in a thread of the test or alone:

    python3 scripted_openai.py --port 0        # prints {"port": N}

Serves POST /v1/chat/completions (streamed or not), POST /v1/embeddings, GET /v1/models, and for control
POST /control {"directive": "[[...]]"} (for the next chat request), GET /control/requests, DELETE /control/requests,
POST /control/gates/NAME. See scripted_directives.py for the directives.
"""

import argparse
import asyncio
import collections
import json
import threading
import time

from aiohttp import web

import scripted_directives
from hashed_embeddings import embed_all


class ScriptedOpenAi:
    """The provider. `start` runs it in a thread of its own; all other members may be used from the test's thread."""

    def __init__(self, port: int = 0, dimensions: int = 1536):
        self.port = port
        self.dimensions = dimensions
        self.requests: list[dict] = []  # every chat request, oldest first: body, headers, text, usage, outcome
        self.embedding_requests: list[dict] = []
        self.max_concurrency = 0
        self._embeddings_status: int | None = None
        self._active = 0
        self._asked = collections.Counter()
        self._queued: collections.deque[str] = collections.deque()
        self._gates: dict[str, asyncio.Event] = {}
        self._plans: dict[str, collections.deque[str]] = {}
        self._conversations: dict[str, tuple] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    # Control, from the test's thread.

    def queue(self, directive: str) -> None:
        """The next chat request follows `directive` instead of its own text."""
        scripted_directives.parse(directive)
        self._queued.append(directive)

    def plan(self, word: str, *answers: str) -> None:
        """Who asks for JSON in a conversation with `word` gets these answers in turn, the last again and again."""
        self._plans[word] = collections.deque(answers)

    def converse(self, word: str, *turns: str | list[tuple[str, dict]]) -> None:
        """Who may call tools and asks something with `word` gets these turns, one after each result: a text, which may
        hold directives, or calls of tools with their arguments."""
        self._conversations[word] = turns

    def fail_embeddings(self, status: int | None) -> None:
        """Requests for embeddings are answered with `status` from now on; None: with vectors again."""
        self._embeddings_status = status

    def open_gate(self, name: str) -> None:
        """Lets pass who waits or will wait at [[gate NAME]]."""
        self._loop.call_soon_threadsafe(lambda: self._gate(name).set())

    def reset(self) -> None:
        """Forgets what was asked and queued, and answers all again; gates stay as they are (tests name their own)."""
        self.requests.clear()
        self.embedding_requests.clear()
        self._asked.clear()
        self._queued.clear()
        self.max_concurrency = self._active
        self._embeddings_status = None

    def asked(self, needle: str) -> list[dict]:
        """The chat requests whose last user message contains `needle`."""
        return [request for request in list(self.requests) if needle in request["text"]]

    # Life.

    def start(self) -> "ScriptedOpenAi":
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(ready.set)), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the scripted provider did not start")
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    async def serve(self, on_ready) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        runner = web.AppRunner(self._application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, shutdown_timeout=0.1).start()
        self.port = runner.addresses[0][1]
        on_ready()
        await self._stopping.wait()
        await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.add_routes([
            web.post("/v1/chat/completions", self._chat),
            web.post("/v1/embeddings", self._embeddings),
            web.get("/v1/models", self._models),
            web.post("/control", self._control),
            web.get("/control/requests", self._control_requests),
            web.delete("/control/requests", self._control_reset),
            web.post("/control/gates/{name}", self._control_gate),
        ])
        return application

    # The OpenAI routes.

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        record = self._record(request, body)
        self._active += 1
        self.max_concurrency = max(self.max_concurrency, self._active)
        try:
            return await self._answer(request, record)
        except ConnectionError:
            record["outcome"] = "dropped by the caller"
            return web.Response(status=499)
        finally:
            self._active -= 1
            record["ended"] = time.monotonic()

    def _record(self, request: web.Request, body: dict) -> dict:
        text = _last_user_text(body.get("messages", []))
        key = self._queued.popleft() if self._queued else text
        self._asked[key] += 1
        record = {
            "body": body, "headers": dict(request.headers), "text": text, "directive": key,
            "attempt": self._asked[key], "at": time.monotonic(), "usage": None, "outcome": "running", "let_go": False,
            "ended": None,
        }
        self.requests.append(record)
        return record

    def _planned(self, body: dict) -> str | None:
        if "response_format" not in body:
            return None
        said = " ".join(str(message.get("content", "")) for message in body["messages"])
        for word, answers in self._plans.items():
            if word in said:
                return answers.popleft() if len(answers) > 1 else answers[0]
        return None

    def _turn(self, record: dict) -> str | list[tuple[str, dict]] | None:
        body = record["body"]
        for word, turns in self._conversations.items():
            if "tools" in body and word in record["text"]:
                done = sum(1 for message in body["messages"] if message.get("tool_calls"))
                return turns[min(done, len(turns) - 1)]
        return None

    async def _answer(self, request: web.Request, record: dict) -> web.StreamResponse:
        turn = self._turn(record)
        if isinstance(turn, list) and record["body"].get("tool_choice") != "none":
            return await self._call_tools(request, record, turn)
        if isinstance(turn, str):
            record["directive"] = turn
        planned = self._planned(record["body"])
        directives = scripted_directives.parse(record["directive"] if planned is None else "")
        directives.say = planned if planned is not None else directives.say
        if directives.status is not None and record["attempt"] <= (directives.times or record["attempt"]):
            record["outcome"] = f"status {directives.status}"
            return _refusal(directives)
        await asyncio.sleep(directives.delay_first)
        if record["body"].get("stream"):
            return await self._stream(request, record, directives)
        return await self._whole(request, record, directives)

    async def _whole(self, request, record, directives) -> web.StreamResponse:
        tokens = directives.answer_tokens(record["text"])
        for position in range(len(tokens) + 1):
            if await self._incident(request, None, directives, position, record):
                return web.Response(text="<html>not json", content_type="application/json")
        record["usage"] = _usage(record["body"], tokens)
        record["outcome"] = "answered"
        message = {"role": "assistant", "content": "".join(tokens)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response(_envelope(record, "chat.completion", choices=[choice], usage=record["usage"]))

    async def _stream(self, request, record, directives) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        tokens = directives.answer_tokens(record["text"])
        for position, token in enumerate(tokens):
            if await self._incident(request, response, directives, position, record):
                return response
            await self._send_chunk(request, response, record, _delta(token, first=position == 0))
            if directives.token_delay:
                await asyncio.sleep(directives.token_delay)
        if await self._incident(request, response, directives, len(tokens), record):
            return response
        record["usage"] = _usage(record["body"], tokens)
        await self._finish_stream(request, response, record)
        record["outcome"] = "answered"
        return response

    async def _call_tools(self, request, record, calls: list[tuple[str, dict]]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        record["usage"] = _usage(record["body"], ["x"] * len(calls))
        record["outcome"] = "called"
        for index, (name, arguments) in enumerate(calls):
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            function = {"name": name, "arguments": ""}
            call = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
            await self._send_chunk(request, response, record, _tool_delta(call))
            for half in (text[:7], text[7:]):
                await self._send_chunk(request, response, record,
                                       _tool_delta({"index": index, "function": {"arguments": half}}))
        await self._finish_stream(request, response, record, "tool_calls")
        return response

    async def _finish_stream(self, request, response, record, reason: str = "stop") -> None:
        end = {"index": 0, "delta": {}, "finish_reason": reason}
        await self._send_chunk(request, response, record, end)
        if record["body"].get("stream_options", {}).get("include_usage"):
            usage = _envelope(record, "chat.completion.chunk", choices=[], usage=record["usage"])
            await _send(request, response, usage)
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()

    async def _send_chunk(self, request, response, record, choice) -> None:
        await _send(request, response, _envelope(record, "chat.completion.chunk", choices=[choice]))

    async def _incident(self, request, response, directives, position, record) -> bool:
        """Whatever the script wants to happen before token `position`; true when the answer ends there."""
        if directives.gate and directives.gate_after == position:
            await self._gate(directives.gate).wait()
        if directives.garbage_after == position:
            record["outcome"] = "garbage"
            await _send_garbage(request, response)
            return True
        if directives.hang_after == position:
            record["outcome"] = "hung"
            await self._until_dropped(request)
            record["let_go"] = True
            return True
        if directives.cut_after == position:
            record["outcome"] = "cut"
            request.transport.close()
            return True
        return False

    async def _until_dropped(self, request) -> None:
        while not self._stopping.is_set() and request.transport and not request.transport.is_closing():
            await asyncio.sleep(0.02)

    async def _embeddings(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.embedding_requests.append(body)
        if self._embeddings_status is not None:
            error = {"message": "scripted refusal", "type": "scripted", "code": None}
            return web.json_response({"error": error}, status=self._embeddings_status)
        inputs = [body["input"]] if isinstance(body["input"], str) else body["input"]
        dimensions = body.get("dimensions", self.dimensions)
        vectors = embed_all(inputs, dimensions, as_base64=body.get("encoding_format") == "base64")
        data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        count = sum(len(text.split()) for text in inputs)
        usage = {"prompt_tokens": count, "total_tokens": count}
        return web.json_response({"object": "list", "data": data, "model": body["model"], "usage": usage})

    async def _models(self, _request) -> web.Response:
        names = ["gpt-4o-mini", "text-embedding-3-small"]
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    # The control routes.

    async def _control(self, request) -> web.Response:
        self.queue((await request.json())["directive"])
        return web.Response(status=204)

    async def _control_requests(self, _request) -> web.Response:
        answer = {"chat": self.requests, "embeddings": self.embedding_requests, "max_concurrency": self.max_concurrency}
        return web.json_response(answer)

    async def _control_reset(self, _request) -> web.Response:
        self.reset()
        return web.Response(status=204)

    async def _control_gate(self, request) -> web.Response:
        self._gate(request.match_info["name"]).set()
        return web.Response(status=204)

    def _gate(self, name: str) -> asyncio.Event:
        return self._gates.setdefault(name, asyncio.Event())


def most_at_once(requests: list[dict]) -> int:
    """How many of these requests, all of which have ended, were answered at the same time at most."""
    # At one moment an end counts before a beginning.
    moments = sorted([(request["at"], 1) for request in requests] + [(request["ended"], -1) for request in requests],
                     key=lambda moment: (moment[0], moment[1]))
    running = most = 0
    for _, change in moments:
        running += change
        most = max(most, running)
    return most


def _last_user_text(messages: list[dict]) -> str:
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message["content"]
            return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
    return ""


def _usage(body: dict, tokens: list[str]) -> dict:
    asked = sum(len(str(message.get("content", "")).split()) for message in body["messages"])
    return {"prompt_tokens": asked, "completion_tokens": len(tokens), "total_tokens": asked + len(tokens)}


def _envelope(record: dict, kind: str, **fields) -> dict:
    model = record["body"]["model"]
    return {"id": "chatcmpl-scripted", "object": kind, "created": 1700000000, "model": model, **fields}


def _delta(token: str, first: bool) -> dict:
    delta = {"role": "assistant", "content": token} if first else {"content": token}
    return {"index": 0, "delta": delta, "finish_reason": None}


def _tool_delta(call: dict) -> dict:
    return {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}


def _refusal(directives) -> web.Response:
    headers = {"Retry-After": directives.retry_after} if directives.retry_after else {}
    error = {"error": {"message": "scripted refusal", "type": "scripted", "code": None}}
    return web.json_response(error, status=directives.status, headers=headers)


async def _send(request, response, payload: dict) -> None:
    if not response.prepared:
        await response.prepare(request)
    await response.write(b"data: " + json.dumps(payload).encode() + b"\n\n")


async def _send_garbage(request, response) -> None:
    if response is None:
        return
    if not response.prepared:
        await response.prepare(request)
    await response.write(b"data: {\"choices\": [{\"delta\": nonsense\n\n\x00\xff\xfe<html>data: 1\n\n")
    await response.write_eof()


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dimensions", type=int, default=1536)
    arguments = parser.parse_args()
    provider = ScriptedOpenAi(arguments.port, arguments.dimensions)
    asyncio.run(provider.serve(lambda: print(json.dumps({"port": provider.port}), flush=True)))


if __name__ == "__main__":
    main()
