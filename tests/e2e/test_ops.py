"""Running the server: its commands, its log, its metrics."""

import json
import re
import sqlite3

import pytest

import settings
from client import PASSWORD, unique
from raw_http import RawLine, request_bytes
from server import run_command

FAMILIES = ("http", "store", "model", "stream", "memory")


def test_a_good_configuration_passes_the_check(tmp_path):
    result = run_command("config", "check", CODELAB_DATA_DIR=str(tmp_path))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name, value", [
    ("CODELAB_PORT", "eighty"), ("CODELAB_PORT", "70000"), ("CODELAB_RATE_LIMIT_PER_MINUTE", "-1"),
    ("CODELAB_LOG_LEVEL", "loud"), ("CODELAB_JWT_SECRETS", "no-colon"), ("CODELAB_JWT_SECRETS", "kid:short"),
    ("CODELAB_STREAM_HEARTBEAT_SECONDS", "soon"), ("CODELAB_LLM_BASE_URL", "not a url"),
    ("CODELAB_DATABASE_URL", "carrier-pigeon://here"), ("CODELAB_CORS_ORIGINS", "https://app.example.com/"),
    ("CODELAB_HOST", "192.0.2.1"), ("CODELAB_HOST", "http://localhost"), ("CODELAB_DATA_DIR", "/proc/codelab"),
])
def test_a_bad_value_is_told_in_words(tmp_path, name, value):
    result = run_command("config", "check", **{"CODELAB_DATA_DIR": str(tmp_path), name: value})
    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert name in said or name.removeprefix("CODELAB_").lower() in said.replace(".", "_"), said
    assert "terminate called" not in said and (name != "CODELAB_JWT_SECRETS" or value not in said)


def test_serve_refuses_a_bad_value_too(tmp_path):
    result = run_command("serve", CODELAB_DATA_DIR=str(tmp_path), CODELAB_PORT="eighty")
    assert result.returncode != 0 and "port" in result.stderr.lower()


def test_every_bad_value_is_told_at_once(tmp_path):
    result = run_command("config", "check", CODELAB_DATA_DIR=str(tmp_path), CODELAB_PORT="x", CODELAB_LOG_LEVEL="loud")
    said = (result.stdout + result.stderr).lower()
    assert result.returncode != 0 and "port" in said and "log" in said


def test_a_file_is_read_and_the_environment_wins(tmp_path):
    file = tmp_path / "codelab.toml"
    check = ("config", "check", "--config", str(file))
    file.write_text('[server]\nport = 70000\n')
    bad = run_command(*check, CODELAB_DATA_DIR=str(tmp_path))
    assert bad.returncode != 0 and "server.port" in bad.stdout + bad.stderr
    file.write_text('[server]\nprot = 8080\n')
    unknown = run_command(*check, CODELAB_DATA_DIR=str(tmp_path))
    assert unknown.returncode != 0 and "server.prot" in unknown.stdout + unknown.stderr
    file.write_text('[server]\nport = 8081\n')
    assert run_command(*check, CODELAB_DATA_DIR=str(tmp_path)).returncode == 0
    overridden = run_command(*check, CODELAB_DATA_DIR=str(tmp_path), CODELAB_PORT="x")
    assert overridden.returncode != 0 and "CODELAB_PORT" in overridden.stdout + overridden.stderr
    missing = run_command("config", "check", "--config", str(tmp_path / "absent.toml"), CODELAB_DATA_DIR=str(tmp_path))
    assert missing.returncode != 0 and "absent.toml" in missing.stdout + missing.stderr


def test_the_doctor_looks_and_says(tmp_path):
    well = run_command("doctor", CODELAB_DATA_DIR=str(tmp_path))
    assert well.returncode == 0 and len(well.stdout.splitlines()) >= 3, well.stdout + well.stderr
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    ill = run_command("doctor", CODELAB_DATA_DIR=str(blocked / "data"))
    assert ill.returncode != 0 and "data" in (ill.stdout + ill.stderr).lower()
    alone = run_command("doctor", CODELAB_DATA_DIR=str(tmp_path), CODELAB_LLM_BASE_URL="http://127.0.0.1:1/v1")
    assert "127.0.0.1:1" in alone.stdout + alone.stderr


def test_the_doctor_misses_weights_only_where_they_were_asked_for(tmp_path):
    absent = {"CODELAB_DATA_DIR": str(tmp_path), "CODELAB_WEIGHTS_DIR": str(tmp_path / "absent")}
    assert run_command("doctor", **absent).returncode == 0
    asked = run_command("doctor", CODELAB_EMBEDDING_MODEL="sentences", **absent)
    assert asked.returncode != 0 and "problem  encoder" in asked.stdout, asked.stdout + asked.stderr


def test_a_misspelt_variable_is_told_and_stops_nothing(tmp_path, start_server):
    slip = {"CODELAB_PROT": "8081", "CODELAB_E2E_SOMETHING": "1"}
    checked = run_command("config", "check", CODELAB_DATA_DIR=str(tmp_path), **slip)
    assert checked.returncode == 0 and "CODELAB_PROT is not a setting" in checked.stderr
    assert "CODELAB_E2E" not in checked.stderr and "CODELAB_DATA_DIR" not in checked.stderr
    server = start_server(**slip)
    server.stop()
    warned = [record["name"] for record in server.log_records() if record["event"] == "unknown_variable"]
    assert warned == ["CODELAB_PROT"]


def test_the_configuration_is_documented():
    document = run_command("config", "doc")
    assert document.returncode == 0
    for name in ("HOST", "PORT", "DATA_DIR", "DATABASE_URL", "LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL",
                 "EMBEDDING_BASE_URL", "EMBEDDING_API_KEY", "EMBEDDING_MODEL", "JWT_SECRETS", "RATE_LIMIT_PER_MINUTE",
                 "STREAM_HEARTBEAT_SECONDS", "LOG_LEVEL", "CORS_ORIGINS"):
        assert f"CODELAB_{name}" in document.stdout, name
    kept = settings.ROOT / "docs" / "configuration.md"
    assert kept.read_text() == document.stdout, "docs/configuration.md is not what `codelab config doc` says"


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["--version"]])
def test_help_and_version_are_told(arguments):
    result = run_command(*arguments)
    assert result.returncode == 0 and result.stdout


@pytest.mark.parametrize("arguments", [["dance"], ["serve", "--dance"], []])
def test_a_wrong_command_is_told(arguments):
    result = run_command(*arguments)
    assert result.returncode != 0 and result.stdout + result.stderr


@pytest.mark.embedded_only("each process counts for itself")
async def test_the_metrics_have_families_for_every_part(api):
    user = await api.new_user()
    session = await user.new_session()
    async with user.stream(session, since="0") as stream:
        await user.say(session, "count me")
        await stream.until_type("TASK_COMPLETED")
        reply = await api.get("/metrics")
    assert reply.status == 200 and reply.content_type == "text/plain"
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", reply.text, re.M))
    for family in FAMILIES:
        assert any(family in name for name in kinds), f"no metrics of {family}: {sorted(kinds)}"
    assert set(kinds.values()) >= {"counter", "gauge", "histogram"}
    samples = [line for line in reply.text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r'[a-zA-Z_:]\w*(\{.*\})? \S+( \d+)?', line) for line in samples)
    assert session not in reply.text and user.id not in reply.text
    posts = r'^codelab_http_request_seconds_count\{method="POST",route="/my/chat/\{session_id\}/message/"\} (\d+)$'
    assert int(re.search(posts, reply.text, re.M)[1]) >= 1
    for count in (r'codelab_events_total\{type="TASK_COMPLETED"\}', "codelab_agent_wait_seconds_count"):
        assert int(re.search(rf"^{count} (\d+)$", reply.text, re.M)[1]) >= 1


async def test_the_metrics_can_have_a_port_of_their_own(start_server, connect):
    server = start_server(CODELAB_METRICS_PORT="0")
    listening = server.wait_for_log(lambda record: record.get("event") == "listening")
    port = listening["metrics_port"]
    assert port not in (0, listening["port"])
    api = connect(server)
    (await api.get("/metrics")).problem(404)
    assert "/metrics" not in (await api.get("/openapi.json")).expect(200)["paths"]
    (await api.get("/health")).expect(200)
    with RawLine(port) as line:
        line.send(request_bytes("GET", "/metrics"))
        status, headers, body = line.read_answer()
        assert status == 200 and headers["content-type"].startswith("text/plain") and b"codelab_" in body
        for path in ("/", "/health", "/my/profile", "/openapi.json"):
            line.send(request_bytes("GET", path, Accept="text/html"))
            assert line.read_answer()[0] == 404, path


def test_the_log_is_whole_when_the_server_has_ended(start_server):
    server = start_server()
    server.stop()
    assert [record["event"] for record in server.log_records()][-2:] == ["draining", "stopped"]


async def test_the_log_is_json_and_tells_no_secret(start_server, connect, provider):
    server = start_server(**{settings.LOG_LEVEL: "debug"})
    user = await connect(server).new_user(password=f"{PASSWORD} {unique('pw')}")
    session, word = await user.new_session(), unique("private")
    await user.say(session, word)
    await user.post_message(session, f"[[status 400]] {word}")
    await user.post("/my/agents/coder/memory/", {"text": word, "metadata": {}})
    await user.get(f"/my/agents/coder/memory/search?q={word}")
    refreshed = (await user.api.post("/auth/refresh", {"refresh_token": user.refresh_token})).expect(200)
    await user.api.get("/my/profile", token=user.access_token + "x")
    await user.api.post("/auth/login", {"email": user.email, "password": f"wrong {word}"})
    server.stop()
    assert server.lines
    for line in server.lines:
        record = json.loads(line)
        assert {"ts", "level", "event"} <= record.keys(), line
    log = "\n".join(server.lines)
    for secret in (word, user.password, user.access_token, user.refresh_token, refreshed["access_token"],
                   refreshed["refresh_token"], settings.LLM_KEY):
        assert secret not in log


async def test_the_log_names_who_and_where(start_server, connect, provider):
    server = start_server(**{settings.LOG_LEVEL: "debug"})
    user = await connect(server).new_user()
    session, request_id = await user.new_session(), unique("request")
    answer = await user.say(session, "hello", headers={"X-Request-Id": request_id})
    server.stop()
    records = server.log_records()
    assert any(record.get("request_id") == request_id and record.get("user_id") == user.id for record in records)
    place = {"session_id": session, "agent_id": answer["agent_id"]}
    assert any(place.items() <= record.items() for record in records)


async def test_nothing_secret_is_stored_in_clear(start_server, connect):
    server = start_server()
    user = await connect(server).new_user()
    server.stop()
    stored = b"".join(path.read_bytes() for path in server.data_dir.rglob("*") if path.is_file())
    for secret in (user.password, user.refresh_token, user.access_token):
        assert secret.encode() not in stored
    for path in server.data_dir.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"


@pytest.mark.embedded_only("processes share a database, not a folder")
def test_two_servers_do_not_share_one_folder(start_server, tmp_path):
    server = start_server()
    result = run_command("serve", CODELAB_DATA_DIR=str(server.data_dir), CODELAB_PORT="0")
    assert result.returncode != 0 and str(server.data_dir) in result.stderr


@pytest.mark.embedded_only("the same is tested with PostgreSQL itself")
async def test_a_changed_migration_is_refused(start_server, connect):
    server = start_server()
    server.stop()
    path = server.databases()[0]
    with sqlite3.connect(path) as database:
        table, column = migrations_table(database)
        database.execute(f"UPDATE {table} SET {column} = 'tampered'")
    database.close()
    with pytest.raises(AssertionError):
        server.start()
    assert any("migration" in line.lower() for line in server.lines)


def migrations_table(database) -> tuple[str, str]:
    """The table of applied migrations and its column of checksums."""
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type='table' AND name LIKE '%migration%'"):
        for column in database.execute(f"PRAGMA table_info({table})"):
            if "checksum" in column[1] or "sha" in column[1] or "hash" in column[1]:
                return table, column[1]
    raise AssertionError("no table of migrations with a checksum")
