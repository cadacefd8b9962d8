"""A thin asynchronous client: it knows the paths of the contract and checks what every answer must satisfy."""

import json
import secrets

import aiohttp

from streams import EventStream
from waiting import eventually, within

PASSWORD = "correct horse battery staple"
NOT_FOUND = ("not_found", "agent_not_found", "session_not_found", "plan_not_found", "approval_not_found")


class Reply:
    """One answer, read whole."""

    def __init__(self, status: int, headers, body: bytes, request: str):
        self.status = status
        self.headers = headers
        self.body = body
        self._request = request

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "").split(";")[0].strip()

    def expect(self, *statuses: int):
        """The parsed body (None when empty) of an answer that must have one of `statuses`."""
        assert self.status in statuses, f"{self._request} -> {self.status}, wanted {statuses}: {self.text[:500]}"
        if not self.body:
            return None
        assert self.content_type == "application/json", self.content_type
        return self.json

    def problem(self, status: int, code: str | None = None) -> dict:
        """The problem document of an answer that must fail with `status` (and `code`)."""
        assert self.status == status, f"{self._request} -> {self.status}, wanted {status}: {self.text[:500]}"
        assert self.content_type == "application/problem+json", self.content_type
        problem = self.json
        assert problem["status"] == status
        for field in ("type", "title", "detail", "code", "trace_id"):
            assert isinstance(problem[field], str) and problem[field], f"{field} of {problem}"
        if code is not None:
            assert problem["code"] == code, problem
        return problem

    def not_found(self) -> None:
        """The answer for what does not exist for this user, whatever it is."""
        assert self.problem(404)["code"] in NOT_FOUND, self.text

    def unauthorized(self) -> None:
        """The answer for a token that is absent, bad, expired or revoked."""
        assert self.problem(401)["code"] in ("token_missing", "token_invalid"), self.text
        assert self.headers["WWW-Authenticate"].startswith("Bearer")


def error_places(problem: dict) -> set[str]:
    """Where the faults are, as dotted paths without the leading `body`."""
    places = set()
    for error in problem["errors"]:
        assert error["msg"]
        parts = error["loc"] if isinstance(error["loc"], list) else str(error["loc"]).split(".")
        places.add(".".join(str(part) for part in parts if part not in ("body", "query", "path")))
    return places


class Api:
    """The connections of one test to one server."""

    def __init__(self, server):
        self.server = server
        self._http: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False, skip_auto_headers=["Accept-Encoding"],
            )
        return self._http

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    def open(self, method: str, path: str, token: str | None = None, headers: dict | None = None, **options):
        """Starts a request; awaiting the result gives aiohttp's response with its body unread."""
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, self.server.url + path, headers=headers, allow_redirects=False, **options)

    async def request(self, method: str, path: str, seconds: float = 30, **options) -> Reply:
        return await within(self._request(method, path, options), f"{method} {path}", seconds)

    async def _request(self, method: str, path: str, options: dict) -> Reply:
        async with self.open(method, path, **options) as response:
            body = await response.read()
            return Reply(response.status, response.headers, body, f"{method} {path}")

    async def get(self, path: str, **options) -> Reply:
        return await self.request("GET", path, **options)

    async def post(self, path: str, body=None, **options) -> Reply:
        return await self.request("POST", path, **_with_body(body, options))

    async def new_user(self, email: str | None = None, password: str = PASSWORD) -> "User":
        """Registers somebody nobody has seen before."""
        email = email or f"user-{secrets.token_hex(8)}@example.com"
        reply = await self.post("/auth/register", {"email": email, "password": password})
        return User(self, email, password, reply.expect(201))

    async def login(self, email: str, password: str = PASSWORD) -> "User":
        reply = await self.post("/auth/login", {"email": email, "password": password})
        return User(self, email, password, reply.expect(200))


def _with_body(body, options: dict) -> dict:
    return options if body is None else {"json": body, **options}


class User:
    """A user with a token, and the calls under /my."""

    def __init__(self, api: Api, email: str, password: str, signed_in: dict):
        self.api = api
        self.email = email
        self.password = password
        self.adopt(signed_in)

    def adopt(self, signed_in: dict) -> None:
        """Goes on with the tokens of a register, login or refresh answer."""
        self.id = signed_in["user"]["id"] if "user" in signed_in else self.id
        self.access_token = signed_in["access_token"]
        self.refresh_token = signed_in["refresh_token"]

    async def request(self, method: str, path: str, **options) -> Reply:
        return await self.api.request(method, path, token=self.access_token, **options)

    async def get(self, path: str, **options) -> Reply:
        return await self.request("GET", path, **options)

    async def post(self, path: str, body=None, **options) -> Reply:
        return await self.request("POST", path, **_with_body(body, options))

    async def put(self, path: str, body=None, **options) -> Reply:
        return await self.request("PUT", path, **_with_body(body, options))

    async def patch(self, path: str, body=None, **options) -> Reply:
        return await self.request("PATCH", path, **_with_body(body, options))

    async def delete(self, path: str, **options) -> Reply:
        return await self.request("DELETE", path, **options)

    async def new_session(self, title: str = "a session") -> str:
        return (await self.post("/my/chat/sessions/", {"title": title})).expect(201)["id"]

    async def new_agent(self, name: str = "helper", **config) -> dict:
        return (await self.post("/my/agents/", {"name": name, "config": config})).expect(201)

    async def post_message(self, session: str, content: str, agent: str | None = "coder", **options) -> Reply:
        body = {"content": content} if agent is None else {"content": content, "target_agent": agent}
        query = options.pop("query", "")
        return await self.post(f"/my/chat/{session}/message/{query}", body, **options)

    async def say(self, session: str, content: str, agent: str | None = "coder", **options) -> dict:
        """Posts, waits for the answer and returns the assistant's message."""
        return (await self.post_message(session, content, agent, **options)).expect(200)

    async def say_async(self, session: str, content: str, agent: str | None = "coder", **options) -> dict:
        """Posts with `Prefer: respond-async` and returns the task."""
        headers = {"Prefer": "respond-async", **options.pop("headers", {})}
        return (await self.post_message(session, content, agent, headers=headers, **options)).expect(202)

    async def messages(self, session: str, query: str = "") -> list[dict]:
        return (await self.get(f"/my/chat/{session}/messages/{query}")).expect(200)["items"]

    async def all_messages(self, session: str) -> list[dict]:
        """Of a session however long, oldest first."""
        messages = await self.messages(session, "?limit=200")
        while more := await self.messages(session, f"?limit=200&after={messages[-1]['id']}"):
            messages += more
        return messages

    async def task(self, task_id: str) -> dict:
        return (await self.get(f"/my/tasks/{task_id}")).expect(200)

    async def wait_for_memories(self, count: int, agent: str = "coder") -> None:
        """Until `agent` has stored `count` memories: an interaction is stored beside its answer, not before it."""
        async def reached():
            return (await self.get(f"/my/agents/{agent}/memory/stats")).expect(200)["count"] == count

        await eventually(reached, f"{count} memories of {agent}")

    def stream(
        self, session: str, since: str | None = None, last_event_id: str | None = None, sse: bool = False
    ) -> EventStream:
        """The session's event stream; NDJSON unless `sse`."""
        headers = {"Accept": "text/event-stream" if sse else "application/x-ndjson"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        params = {} if since is None else {"since": since}
        return EventStream(self.api.open("GET", f"/my/sse/{session}", self.access_token, headers, params=params))

    def post_streaming(self, session: str, content: str, agent: str | None = "coder") -> EventStream:
        """Posts with `Accept: application/x-ndjson`."""
        body = {"content": content} if agent is None else {"content": content, "target_agent": agent}
        headers = {"Accept": "application/x-ndjson"}
        return EventStream(self.api.open("POST", f"/my/chat/{session}/message/", self.access_token, headers, json=body))


def unique(text: str = "word") -> str:
    """A word that no other test uses."""
    return f"{text}-{secrets.token_hex(6)}"
