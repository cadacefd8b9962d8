"""What every answer of the HTTP gateway keeps to: errors, headers, CORS, the API document, limits on rate."""

import asyncio
import re

import pytest

import settings
from client import unique
from openapi_document import faults, operations

ORIGIN = "https://app.example.com"
STRANGER = "https://evil.example.com"


async def test_an_unknown_path_is_a_problem_document(api):
    for path in ("/nowhere.json", "/my/nowhere", "/auth/nowhere", "/my/agents/a/b/c/d", "/health/x"):
        user = await api.new_user()
        problem = (await user.get(path)).problem(404, "not_found")
        assert problem["title"] and problem["trace_id"]


async def test_a_wrong_method_names_the_right_ones(api):
    user = await api.new_user()
    reply = await user.delete("/my/agents/")
    reply.problem(405, "method_not_allowed")
    assert {method.strip() for method in reply.headers["Allow"].split(",")} >= {"GET", "POST"}
    (await api.request("PUT", "/auth/login", json={})).problem(405, "method_not_allowed")


@pytest.mark.parametrize("body", [
    b"{", b"", b"nul", b'{"a":1,}', b'{"email": "\xff"}', b'{"a":"\x01"}', b"[" * 100_000, b"{}{}", b"\xef\xbb\xbf{}x"])
async def test_malformed_json_is_400(api, body):
    reply = await api.post("/auth/login", data=body, headers={"Content-Type": "application/json"})
    reply.problem(400, "malformed_json")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true"])
async def test_json_that_is_no_object_is_422(api, body):
    reply = await api.post("/auth/login", data=body, headers={"Content-Type": "application/json"})
    reply.problem(422, "validation_failed")


@pytest.mark.parametrize("content_type", [
    "text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"])
async def test_another_content_type_is_415(api, content_type):
    reply = await api.post("/auth/login", data=b"{}", headers={"Content-Type": content_type})
    reply.problem(415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_json_content_types_are_accepted(api, content_type):
    reply = await api.post("/auth/login", data=b"{}", headers={"Content-Type": content_type})
    reply.problem(422, "validation_failed")


async def test_every_answer_has_a_request_id_and_takes_the_callers(api):
    first, second = await api.get("/health"), await api.get("/nowhere.json")
    assert first.headers["X-Request-Id"] and first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    own = unique("request")
    assert (await api.get("/health", headers={"X-Request-Id": own})).headers["X-Request-Id"] == own
    bad = "a" * 500
    assert (await api.get("/health", headers={"X-Request-Id": bad})).headers["X-Request-Id"] != bad


@pytest.mark.parametrize("path", ["/health", "/docs", "/", "/my/profile", "/nowhere.json", "/openapi.json"])
async def test_every_answer_has_the_security_headers(api, path):
    headers = (await api.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors" in headers.get("Content-Security-Policy", "") or headers.get("X-Frame-Options") == "DENY"
    assert headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] in ("no-referrer", "same-origin", "strict-origin-when-cross-origin")
    assert "unsafe-eval" not in headers["Content-Security-Policy"]


async def test_answers_with_private_data_are_not_cached(api):
    user = await api.new_user()
    assert "no-store" in (await user.get("/my/profile")).headers["Cache-Control"]


def preflight(origin: str) -> dict:
    return {"headers": {"Origin": origin, "Access-Control-Request-Method": "POST",
                        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}}


async def test_cors_answers_preflights_before_authentication(start_server, connect):
    api = connect(start_server(**{settings.CORS_ORIGINS: f"{ORIGIN},https://other.example.com"}))
    reply = await api.request("OPTIONS", "/my/agents/", **preflight(ORIGIN))
    assert reply.status in (200, 204)
    assert reply.headers.getall("Access-Control-Allow-Origin") == [ORIGIN]
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    allowed = reply.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "idempotency-key"))
    assert "Origin" in reply.headers["Vary"]
    refused = await api.request("OPTIONS", "/my/agents/", **preflight(STRANGER))
    assert "Access-Control-Allow-Origin" not in refused.headers


async def test_cors_headers_come_on_errors_and_streams_too(start_server, connect):
    api = connect(start_server(**{settings.CORS_ORIGINS: ORIGIN}))
    mine, theirs = {"Origin": ORIGIN}, {"Origin": STRANGER}
    assert (await api.get("/my/profile", headers=mine)).headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Origin" not in (await api.get("/my/profile", headers=theirs)).headers
    user = await api.new_user()
    session = await user.new_session()
    async with api.open("GET", f"/my/sse/{session}", user.access_token, mine) as response:
        assert response.status == 200 and response.headers["Access-Control-Allow-Origin"] == ORIGIN
        response.close()


async def test_without_configured_origins_nobody_elses_page_may_read(api):
    reply = await api.get("/health", headers={"Origin": STRANGER})
    assert reply.headers.get("Access-Control-Allow-Origin") is None


async def test_the_api_document_is_sound(api):
    document = (await api.get("/openapi.json")).expect(200)
    assert faults(document) == []
    schemes = document["components"]["securitySchemes"].values()
    assert any(scheme["type"] == "http" and scheme["scheme"] == "bearer" for scheme in schemes)
    for operation in operations(document):
        secured = operation.described.get("security", document.get("security"))
        assert bool(secured) == operation.path.startswith("/my"), str(operation)


async def test_the_api_document_tells_what_is_required(api):
    document = (await api.get("/openapi.json")).expect(200)
    search = next(operation for operation in operations(document) if operation.path.endswith("/memory/search"))
    required = {parameter["name"]: parameter["required"] for parameter in search.described["parameters"]}
    assert required["q"] is True and not required["top_k"]
    register = next(operation for operation in operations(document) if operation.path == "/auth/register")
    assert set(register.sample_body()) == {"email", "password"}


async def test_the_api_document_tells_what_a_parameter_may_be(api):
    listed = operations((await api.get("/openapi.json")).expect(200))
    found = {}
    for operation in listed:
        for parameter in operation.described.get("parameters", []):
            if parameter["in"] != "path":
                assert parameter["description"], f"{operation}: {parameter}"
                found[parameter["name"]] = parameter["schema"]
                found[f"{operation.path} {parameter['name']}"] = parameter["schema"]
    assert found["limit"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert found["wait"] == {"type": "integer", "minimum": 0, "maximum": 3600, "default": 120}
    assert found["top_k"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}
    assert found["/my/tasks/ status"]["enum"] == ["queued", "running", "completed", "failed", "cancelled"]
    assert found["Idempotency-Key"]["maxLength"] == 255
    for name in ("before", "after", "cursor", "session_id"):
        assert found[name]["format"] == "uuid"
    assert {"since", "filter", "Last-Event-ID", "Prefer"} <= found.keys()


async def test_the_api_document_tells_which_bodies_may_be_left_out(api):
    listed = operations((await api.get("/openapi.json")).expect(200))
    optional = {str(operation).rstrip("/") for operation in listed
                if operation.described.get("requestBody", {}).get("required") is False}
    assert optional == {"POST /my/chat/sessions", "POST /my/agents/{agent}/memory/prune"}
    user = await api.new_user()
    assert (await user.post("/my/chat/sessions/")).expect(201)["title"] == ""
    assert (await user.post("/my/agents/coder/memory/prune")).expect(200) == {"pruned": 0}
    (await user.post("/my/agents/coder/memory/prune", {"max_items": -1})).problem(422, "validation_failed")


async def test_what_is_made_has_an_address(api):
    user = await api.new_user()
    session = await user.post("/my/chat/sessions/", {"title": "x"})
    agent = await user.post("/my/agents/", {"name": "found", "config": {}})
    for made in (session, agent):
        assert made.status == 201
        assert (await user.get(made.headers["Location"])).expect(200)["id"] == made.json["id"]
    task = await user.post_message(session.json["id"], "hello", headers={"Prefer": "respond-async"})
    assert task.status == 202 and task.headers["Preference-Applied"] == "respond-async"
    assert (await user.get(task.headers["Location"])).expect(200)["id"] == task.json["id"]


async def test_a_body_in_a_content_coding_is_not_taken(api):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    reply = await api.request("POST", "/auth/login", data=b"\x1f\x8b", headers=headers)
    reply.problem(415, "unsupported_media_type")


async def test_the_api_document_lists_the_problems_of_a_route(api):
    listed = {str(operation).rstrip("/"): operation for operation in operations((await api.get("/openapi.json")).json)}
    post = listed["POST /my/chat/{session_id}/message"].described["responses"]
    assert {"401", "404", "409", "422", "429", "502", "503", "504"} <= post.keys()
    assert {"403", "409"} <= listed["POST /auth/register"].described["responses"].keys()


async def test_the_api_document_lists_the_contract(api):
    listed = {str(operation) for operation in operations((await api.get("/openapi.json")).expect(200))}
    listed = {re.sub(r"\{\w+\}", "{}", text).rstrip("/") for text in listed}
    assert listed >= {
        "POST /auth/register", "POST /auth/login", "POST /auth/refresh", "POST /auth/logout",
        "GET /my/profile", "DELETE /my/profile", "GET /my/agents", "POST /my/agents",
        "GET /my/agents/{}", "PATCH /my/agents/{}", "PUT /my/agents/{}", "DELETE /my/agents/{}",
        "POST /my/chat/sessions", "GET /my/chat/sessions", "GET /my/chat/sessions/{}", "PATCH /my/chat/sessions/{}",
        "DELETE /my/chat/sessions/{}", "GET /my/chat/{}/messages", "POST /my/chat/{}/message", "GET /my/sse/{}",
        "GET /my/tasks", "GET /my/tasks/{}", "GET /my/agents/{}/memory", "GET /my/agents/{}/memory/search",
        "POST /my/agents/{}/memory", "DELETE /my/agents/{}/memory/{}", "POST /my/agents/{}/memory/prune",
        "GET /my/agents/{}/memory/stats", "GET /health", "GET /health/ready",
    }


async def test_answers_hold_what_the_api_document_promises(api):
    document = (await api.get("/openapi.json")).expect(200)
    user = await api.new_user()
    agent = (await user.get("/my/agents/coder")).expect(200)
    one_agent = re.compile(r"GET /my/agents/\{\w+\}/?")
    promised = next(operation for operation in operations(document) if one_agent.fullmatch(str(operation)))
    schema = promised.described["responses"]["200"]["content"]["application/json"]["schema"]
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    assert set(schema["properties"]) == set(agent)


async def test_health_tells_alive_and_ready(api):
    health = (await api.get("/health")).expect(200)
    assert health["status"] == "ok" and re.match(r"\d+\.\d+", health["version"])
    (await api.get("/health/ready")).expect(200)


async def test_paths_work_with_and_without_their_slash(api):
    user = await api.new_user()
    for path in ("/my/agents", "/my/agents/", "/my/profile", "/my/profile/", "/health", "/health/"):
        assert (await user.get(path)).status == 200
    assert (await user.post("/my/chat/sessions", {"title": "x"})).status == 201


async def test_the_rate_limit_is_told_and_kept_per_user(start_server, connect):
    api = connect(start_server(**{settings.RATE_LIMIT: "5"}))
    user, other = await api.new_user(), await api.new_user()
    replies = [await user.get("/my/profile") for _ in range(8)]
    assert [reply.status for reply in replies] == [200] * 5 + [429] * 3
    remaining = [int(reply.headers["RateLimit-Remaining"]) for reply in replies]
    assert remaining == [4, 3, 2, 1, 0, 0, 0, 0]
    for reply in replies:
        assert int(reply.headers["RateLimit-Limit"].split(",")[0]) == 5
        assert 0 <= int(reply.headers["RateLimit-Reset"]) <= 120
    replies[-1].problem(429, "rate_limited")
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 120
    assert (await other.get("/my/profile")).status == 200
    assert (await api.get("/health")).status == 200


async def test_strangers_are_limited_by_their_address(start_server, connect):
    api = connect(start_server(**{settings.RATE_LIMIT: "5"}))
    body = {"email": "nobody@example.com", "password": "not the password"}
    replies = [await api.post("/auth/login", body) for _ in range(7)]
    assert [reply.status for reply in replies] == [401] * 5 + [429] * 2
    replies[-1].problem(429, "rate_limited")


async def test_the_rate_limit_holds_against_parallel_requests(start_server, connect):
    api = connect(start_server(**{settings.RATE_LIMIT: "10"}))
    user = await api.new_user()
    replies = await asyncio.gather(*(user.get("/my/profile") for _ in range(40)))
    assert sorted(reply.status for reply in replies) == [200] * 10 + [429] * 30
