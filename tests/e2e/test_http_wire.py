"""HTTP as bytes: pipelining, chunks, limits, deadlines, and requests that are not well-formed."""

import asyncio
import json
import time

import pytest

import settings
from client import PASSWORD, unique
from raw_http import RawLine, request_bytes
from server import Server

GET_HEALTH = request_bytes("GET", "/health")


def test_a_connection_is_kept_alive(server):
    with RawLine(server.port) as line:
        for _ in range(3):
            line.send(GET_HEALTH)
            status, _, body = line.read_answer()
            assert status == 200 and json.loads(body)["status"] == "ok"


def test_a_connection_is_closed_when_asked(server):
    with RawLine(server.port) as line:
        line.send(request_bytes("GET", "/health", Connection="close"))
        assert line.read_answer()[0] == 200 and line.at_end()
    with RawLine(server.port) as line:
        line.send(b"GET /health HTTP/1.0\r\n\r\n")
        assert line.read_answer()[0] == 200 and line.at_end()


def test_requests_in_one_write_are_answered_in_order(server):
    with RawLine(server.port) as line:
        body = json.dumps({"email": "nobody@example.com", "password": PASSWORD}).encode()
        login, nowhere = request_bytes("POST", "/auth/login", body=body), request_bytes("GET", "/nowhere.json")
        line.send(GET_HEALTH + login + nowhere + GET_HEALTH)
        assert [line.read_answer()[0] for _ in range(4)] == [200, 401, 404, 200]


def test_a_request_in_many_writes_is_understood(server):
    with RawLine(server.port) as line:
        for byte in GET_HEALTH:
            line.send(bytes([byte]))
        assert line.read_answer()[0] == 200


def test_requests_pipelined_behind_a_finished_stream_are_answered(server, api, provider):
    async def prepare():
        user = await api.new_user()
        session = await user.new_session()
        await api.aclose()
        return user, session

    user, session = asyncio.run(prepare())
    body = json.dumps({"content": "hello", "target_agent": "coder"}).encode()
    post = request_bytes("POST", f"/my/chat/{session}/message/", user.access_token, body, Accept="application/x-ndjson")
    with RawLine(server.port) as line:
        line.send(post + GET_HEALTH)
        status, headers, lines = line.read_answer()
        assert status == 200 and headers["content-type"].startswith("application/x-ndjson")
        assert json.loads(lines.strip().splitlines()[-1])["role"] == "assistant"
        assert line.read_answer()[0] == 200


def test_a_chunked_body_is_understood(server):
    body = json.dumps({"email": f"{unique()}@example.com", "password": PASSWORD}).encode()
    head = request_bytes("POST", "/auth/register", Content_Type="application/json", Transfer_Encoding="chunked")
    chunks = b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in (body[:1], body[1:9], body[9:]))
    with RawLine(server.port) as line:
        line.send(head + chunks + b"0\r\nTrailer: x\r\n\r\n" + GET_HEALTH)
        assert line.read_answer()[0] == 201
        assert line.read_answer()[0] == 200


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(server):
    with RawLine(server.port) as line:
        line.send(request_bytes("POST", "/auth/login", Content_Type="application/json", Content_Length=str(1 << 33)))
        status, _, body = line.read_answer()
        assert status == 413 and json.loads(body)["code"] == "body_too_large"


def test_an_endless_chunked_body_is_refused(server):
    head = request_bytes("POST", "/auth/login", Content_Type="application/json", Transfer_Encoding="chunked")
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20))
    with RawLine(server.port) as line:
        line.send(head)
        for _ in range(256):
            if line.has_something():
                break
            try:
                line.send(chunk)
            except (BrokenPipeError, ConnectionResetError):
                break  # the server has answered and does not listen for ever
        status, _, body = line.read_answer()
        assert status == 413 and json.loads(body)["code"] == "body_too_large"


def test_a_continue_is_sent_for_who_waits_for_it(server):
    body = b'{"email": "nobody@example.com", "password": "not the password"}'
    with RawLine(server.port) as line:
        line.send(request_bytes("POST", "/auth/login", Content_Type="application/json",
                                Content_Length=str(len(body)), Expect="100-continue"))
        assert line.read_answer()[0] == 100
        line.send(body)
        assert line.read_answer()[0] == 401


@pytest.mark.parametrize("headers", [{"X_Big": "a" * 200_000}, {f"X_{index}": "a" * 100 for index in range(2000)}])
def test_headers_that_are_too_large_are_431(server, headers):
    with RawLine(server.port) as line:
        try:
            line.send(request_bytes("GET", "/health", **headers))
        except ConnectionError:
            pass
        answer = line.read_answer()
        assert answer is None or answer[0] == 431


def test_a_header_a_little_too_large_is_told(server):
    with RawLine(server.port) as line:
        line.send(request_bytes("GET", "/health", X_Big="a" * 65_000))
        status, _, body = line.read_answer()
        assert status == 431 and json.loads(body)["status"] == 431 and line.at_end()


@pytest.mark.parametrize("status, code, data", [
    (414, "target_too_long", b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    (501, "transfer_encoding_unsupported", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
    (505, "http_version_unsupported", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
])
def test_what_the_server_does_not_do_has_its_own_status(server, status, code, data):
    with RawLine(server.port) as line:
        line.send(data)
        told, headers, body = line.read_answer()
        problem = json.loads(body)
        assert (told, problem["status"], problem["code"]) == (status, status, code) and line.at_end()
        assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("data", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n", b"GET /health\r\n\r\n", b"\r\n" * 40 + b"?\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", b"GET /health HTTP/1.1\r\n: x\r\n\r\n",
    b"GET /health HTTP/9.9\r\nHost: a\r\n\r\n", b"GET /he\x00alth HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    b"POST /auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
])
def test_a_request_that_is_no_http_is_refused_and_the_line_closed(server, data):
    with RawLine(server.port) as line:
        line.send(data)
        line.half_close()
        answer = line.read_answer()
        assert answer is None or (400 <= answer[0] < 600 and line.at_end())


def test_a_head_request_gets_no_body(server):
    with RawLine(server.port) as line:
        line.send(request_bytes("HEAD", "/health"))
        status, headers, _ = line.read_answer(with_body=False)
        assert status == 200 and "content-type" in headers
        line.send(GET_HEALTH)
        assert line.read_answer()[0] == 200


def test_a_target_in_absolute_form_is_understood(server):
    with RawLine(server.port) as line:
        line.send(request_bytes("GET", f"http://127.0.0.1:{server.port}/health"))
        status, _, body = line.read_answer()
        assert status == 200 and b'"ok"' in body


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/assets/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/%252e%252e/x",
    "/assets/..%2f..%2fetc/passwd",
    "//etc/passwd", "/assets/%00", "/%ff%fe", "/%zz", "/a?%zz=%", "*", "http://127.0.0.1/etc/passwd"])
def test_no_path_leads_out_of_the_server(server, path):
    with RawLine(server.port) as line:
        line.send(request_bytes("GET", path))
        answer = line.read_answer()
        assert answer is not None and answer[0] in (200, 400, 404) and b"root:" not in answer[2]


@pytest.fixture(scope="module")
def impatient_server():
    server = Server(**{settings.REQUEST_TIMEOUT: "1"})
    server.start()
    yield server
    server.dispose()


@pytest.mark.parametrize("beginning", [
    b"GET /health HTTP/1.1\r\nHost:",
    request_bytes("POST", "/auth/login", Content_Type="application/json", Content_Length="9") + b"{"])
def test_a_request_that_does_not_come_is_not_waited_for(impatient_server, beginning):
    with RawLine(impatient_server.port, 30) as line:
        line.send(beginning)
        answer = line.read_answer()
        assert answer is None or answer[0] == 408


def test_a_trickle_does_not_hold_the_line_open(impatient_server):
    deadline = time.monotonic() + settings.patient(20)
    with RawLine(impatient_server.port) as line:
        line.send(b"GET /health HTTP/1.1\r\n")
        while time.monotonic() < deadline:
            try:
                line.send(b"X-Slow: 1\r\n")
            except ConnectionError:
                return
            if line.has_something(0.1):
                return
    raise AssertionError("a trickling request was kept alive")
