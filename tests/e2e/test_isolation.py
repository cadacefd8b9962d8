"""No route without a token, nobody else's objects: generated from the document that the server publishes."""

import asyncio
import json
import re

import pytest

from client import unique
from openapi_document import Operation, operations
from test_plans import node, plan

ALIEN = "0190b3a2-7c1e-7abc-8def-0123456789ab"


async def document_of(api) -> dict:
    return (await api.get("/openapi.json")).expect(200)


async def own_operations(api) -> list[Operation]:
    found = [operation for operation in operations(await document_of(api)) if operation.path.startswith("/my")]
    assert len(found) >= 20, "the document does not list the routes"
    return found


def both_spellings(url: str) -> tuple[str, str]:
    path, mark, query = url.partition("?")
    other = path[:-1] if path.endswith("/") else path + "/"
    return path + mark + query, other + mark + query


class Victim:
    """A user with one of everything that has an id."""

    async def furnish(self, api, provider) -> "Victim":
        self.user = await api.new_user()
        self.word = unique("private")
        provider.plan(self.word, plan(node("one", "[[say done]]")))
        self.session = await self.user.new_session(self.word)
        self.agent = await self.user.new_agent(f"a-{self.word}", system_prompt=self.word)
        self.answer = await self.user.say(self.session, self.word, self.agent["id"])
        note = await self.user.post(f"/my/agents/{self.agent['id']}/memory/", {"text": self.word, "metadata": {}})
        self.memory = note.expect(201)["id"]
        self.plan = await self.made_plan()
        self.approval = await self.waiting_approval()
        return self

    async def waiting_approval(self) -> str:
        (await self.user.put("/my/orchestrator", {"require_approval": "always"})).expect(200)
        session = await self.user.new_session(self.word)
        await self.user.say_async(session, f"@orchestrator {self.word}", agent=None)
        async with self.user.stream(session, since="0") as stream:
            told = await stream.until_type("APPROVAL_REQUIRED")
        return told[-1]["payload"]["approval_id"]

    async def made_plan(self) -> str:
        session = await self.user.new_session(self.word)
        await self.user.say(session, f"@orchestrator {self.word}", agent=None)
        async with self.user.stream(session, since="0") as stream:
            told = await stream.until_type("PLAN_CREATED")
        return told[-1]["payload"]["plan_id"]

    def values(self, operation: Operation, own_agent: str | None = None) -> dict[str, str]:
        """The victim's ids for the path parameters of `operation`."""
        return {name: self._value(operation.path, name, own_agent) for name in operation.path_parameters}

    def _value(self, path: str, name: str, own_agent: str | None) -> str:
        if name in ("agent", "agent_id"):
            return own_agent or self.agent["id"]
        if name == "session_id":
            return self.session
        if "/memory/" in path:
            return self.memory
        if "/tasks/" in path:
            return self.answer["task_id"]
        if "/plans/" in path:
            return self.plan
        if "/approvals/" in path:
            return self.approval
        raise AssertionError(f"teach the test what {{{name}}} of {path} is")


async def call(user_or_api, operation: Operation, url: str, **options):
    body = operation.sample_body()
    if operation.path.rstrip("/").endswith("/message"):
        body["target_agent"] = "coder"
    if body is not None:
        options["json"] = body
    query = {"q": "x"} if url.rstrip("/").endswith("/search") else {}
    return await user_or_api.request(operation.method.upper(), url, params=query, **options)


async def test_every_own_route_needs_a_token(api):
    for operation in await own_operations(api):
        for url in both_spellings(operation.url({name: ALIEN for name in operation.path_parameters})):
            (await call(api, operation, url)).unauthorized()
            (await call(api, operation, url, token="not.a.token")).unauthorized()


async def test_a_missing_token_is_told_before_any_other_fault(api):
    for operation in await own_operations(api):
        url = operation.url({name: "x" for name in operation.path_parameters})
        headers = {"Content-Type": "application/json"}
        (await api.request(operation.method.upper(), url, data=b"{not json", headers=headers)).unauthorized()


async def test_every_route_answers_404_to_another_users_ids(api, provider):
    victim, thief = await Victim().furnish(api, provider), await api.new_user()
    tried = 0
    for operation in await own_operations(api):
        if not operation.path_parameters:
            continue
        for url in both_spellings(operation.url(victim.values(operation))):
            reply = await call(thief, operation, url)
            reply.not_found()
            assert victim.word not in reply.text
        tried += 1
    assert tried >= 15
    await assert_untouched(victim)


async def test_another_users_ids_below_ones_own_agent_are_not_found(api, provider):
    victim, thief = await Victim().furnish(api, provider), await api.new_user()
    own = (await thief.get("/my/agents/coder")).expect(200)["id"]
    for operation in await own_operations(api):
        if len(operation.path_parameters) > 1:
            (await call(thief, operation, operation.url(victim.values(operation, own)))).not_found()
    await assert_untouched(victim)


async def assert_untouched(victim: Victim) -> None:
    user = victim.user
    assert (await user.get(f"/my/agents/{victim.agent['id']}")).expect(200) == victim.agent
    assert (await user.get(f"/my/chat/sessions/{victim.session}")).expect(200)["title"] == victim.word
    assert (await user.messages(victim.session))[-1] == victim.answer
    assert len(await user.messages(victim.session)) == 2
    notes = (await user.get(f"/my/agents/{victim.agent['id']}/memory/")).expect(200)["items"]
    assert victim.memory in {note["id"] for note in notes}


async def test_a_foreign_object_looks_exactly_like_an_absent_one(api, provider):
    victim, thief = await Victim().furnish(api, provider), await api.new_user()
    for operation in await own_operations(api):
        if not operation.path_parameters:
            continue
        foreign = await call(thief, operation, operation.url(victim.values(operation)))
        absent = await call(thief, operation, operation.url({name: ALIEN for name in operation.path_parameters}))
        assert traceless(foreign) == traceless(absent), str(operation)


def traceless(reply) -> tuple:
    problem = {name: value for name, value in reply.json.items() if name not in ("trace_id", "instance")}
    return reply.status, re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", json.dumps(problem, sort_keys=True))


async def test_the_owner_reaches_all_of_it_in_both_spellings(api, provider):
    victim = await Victim().furnish(api, provider)
    for operation in await own_operations(api):
        if operation.method != "get" or "/sse/" in operation.path or "/events/" in operation.path:
            continue
        for url in both_spellings(operation.url(victim.values(operation))):
            (await call(victim.user, operation, url)).expect(200)


async def test_ids_in_bodies_queries_and_headers_are_checked_too(api, provider):
    victim, thief = await Victim().furnish(api, provider), await api.new_user()
    session = await thief.new_session()
    for target in (victim.agent["id"], victim.agent["name"]):
        (await thief.post_message(session, "hello", target)).problem(404, "agent_not_found")
    (await thief.post_message(session, f"@{victim.agent['name']} hello", agent=None)).problem(404, "agent_not_found")
    own = await thief.say(session, "mine")
    for query in (f"?before={victim.answer['id']}", f"?after={victim.answer['id']}"):
        reply = await thief.get(f"/my/chat/{session}/messages/{query}")
        assert reply.status in (200, 404, 422) and victim.word not in reply.text
    reply = await thief.get(f"/my/tasks/?session_id={victim.session}")
    assert reply.status in (200, 404) and victim.answer["task_id"] not in reply.text
    headers = {"X-User-Id": victim.user.id, "X-User": victim.user.id, "X-Forwarded-User": victim.user.email}
    assert (await thief.get("/my/profile", headers=headers)).expect(200)["id"] == thief.id
    reply = await thief.get(f"/my/agents/?user_id={victim.user.id}")
    assert victim.word not in reply.text
    assert own["agent_name"] == "coder"


@pytest.mark.watchdog(90)
async def test_many_users_at_once_see_only_their_own(api, provider):
    users = [await api.new_user() for _ in range(8)]

    async def chat(user) -> None:
        word = unique("canary")
        session = await user.new_session(word)
        async with user.stream(session, since="0") as stream:
            for index in range(6):
                answer = await user.say(session, f"{word} {index}")
                assert answer["content"] == f"echo: {word} {index}"
                seen = json.dumps(await stream.until_type("TASK_COMPLETED"))
                assert set_of_canaries(seen) == {word}
        for request in provider.asked(word):
            assert set_of_canaries(json.dumps(request["body"])) == {word}
        page = (await user.get("/my/chat/sessions/")).expect(200)
        assert [item["title"] for item in page["items"]] == [word]

    await asyncio.gather(*(chat(user) for user in users))


def set_of_canaries(text: str) -> set[str]:
    return {"canary-" + part[:12] for part in text.split("canary-")[1:]}
