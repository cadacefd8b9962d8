"""What serving over PostgreSQL and Redis costs and brings: the clients of both beside the stores' own benchmarks, and
direct calls beside those over SQLite."""

import os
import resource
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import Build, Server, run_calls, run_pgbench, run_redis_benchmark, run_store_client
from table import Row, spread

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "e2e"))
from stores import Postgres, Redis  # noqa: E402

ROUNDS = 5
CLIENT_SECONDS = 2
CALL_SECONDS = 3
CALLERS = 64
USERS = 16
# As the server has them when nothing else is configured: of its 16 connections a quarter carries the reads.
CONNECTIONS = 16
READ_CONNECTIONS = 4
# The server's client has one a core.
REDIS_CONNECTIONS = 2
VALUE_BYTES = 64
ACCOUNTS_SCALE = 10
ACCOUNTS = 100_000 * ACCOUNTS_SCALE


@contextmanager
def _running(make, *arguments, **options):
    store = make(*arguments, **options)
    try:
        yield store
    finally:
        store.dispose()


def _durable_postgres(build: Build):
    """Every commit reaches the disk, as with SQLite."""
    return _running(Postgres, "-c", "fsync=on", "-c", "shared_buffers=512MB", parent=build.folder)


def _ratio_row(what: str, runs: list[dict], subject: str, reference: str, aim=None) -> Row:
    """Of calls a second; `runs` hold one figure for each name."""
    ratios = [run[subject] / run[reference] for run in runs]
    ours = statistics.median(run[subject] for run in runs)
    theirs = statistics.median(run[reference] for run in runs)
    return Row(what, statistics.median(ratios), aim=aim, note=f"{ours:,.0f}/s to {theirs:,.0f}/s; {spread(ratios)}")


def _time_row(what: str, times: list[dict], subject: str, reference: str) -> Row:
    """Of processor time for a call: above 1 the subject takes less."""
    ratios = [each[reference] / each[subject] for each in times]
    ours = statistics.median(each[subject] for each in times) * 1e6
    theirs = statistics.median(each[reference] for each in times) * 1e6
    return Row(what, statistics.median(ratios), note=f"{ours:.1f} us to {theirs:.1f} us; {spread(ratios)}")


def _processor_seconds(postgres: Postgres) -> float:
    """Of all the clients that have ended, and of their connections' processes in the server."""
    fields = Path(f"/proc/{postgres.pid}/stat").read_text().rpartition(")")[2].split()
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ours.ru_utime + ours.ru_stime + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def postgres_client(build: Build) -> list[Row]:
    """One account by its key, of a million: the statement of pgbench -S."""
    runs, times = [], []
    with _durable_postgres(build) as postgres:
        database = postgres.new_database()
        app, owner = (postgres.settings(database)[f"CODELAB_DATABASE_{name}URL"] for name in ("", "MIGRATION_"))
        _fill_accounts(postgres, database)
        ours = {"address": app, "owner": owner, "rows": ACCOUNTS, "callers": CALLERS, "seconds": CLIENT_SECONDS}
        subjects = {
            "pgbench": lambda: run_pgbench(app, CONNECTIONS, CLIENT_SECONDS),
            "entering": lambda: run_store_client(build, "entering", connections=CONNECTIONS, **ours),
            "few pgbench": lambda: run_pgbench(app, READ_CONNECTIONS, CLIENT_SECONDS),
            "bare": lambda: run_store_client(build, "bare", connections=READ_CONNECTIONS, **ours),
        }
        for _ in range(ROUNDS):
            runs.append({})
            times.append({})
            for name, subject in subjects.items():
                before = _processor_seconds(postgres)
                result = subject()
                time.sleep(0.2)  # until the server has seen its connections' processes end
                runs[-1][name] = result["per_second"]
                times[-1][name] = (_processor_seconds(postgres) - before) / result["calls"]
    few = f"  the statement alone, {READ_CONNECTIONS} connections each"
    return [
        _ratio_row(f"read through the PostgreSQL client, {CONNECTIONS} connections, to pgbench -S", runs, "entering",
                   "pgbench", (">=", 1)),
        _time_row("  the same, by processor time of client and server", times, "entering", "pgbench"),
        _ratio_row(few, runs, "bare", "few pgbench", (">=", 1)),
        _time_row("  the same, by processor time of client and server", times, "bare", "few pgbench"),
    ]


def _fill_accounts(postgres: Postgres, database: str) -> None:
    postgres.run("pgbench", "-i", "-q", "-s", str(ACCOUNTS_SCALE), "-U", "owner", database)
    postgres.sql("GRANT SELECT ON pgbench_accounts, pgbench_branches TO app, codelab_serving", database)


def redis_client(build: Build) -> list[Row]:
    rows = []
    with _running(Redis) as redis:
        address = f"redis://127.0.0.1:{redis.port}"
        runs = {"get": [], "set": []}
        for _ in range(ROUNDS):
            alone = run_redis_benchmark(redis.port, REDIS_CONNECTIONS, 1, 40_000, VALUE_BYTES)
            many = run_redis_benchmark(redis.port, CALLERS, 1, 100_000, VALUE_BYTES)
            deep = run_redis_benchmark(redis.port, REDIS_CONNECTIONS, CALLERS // REDIS_CONNECTIONS, 1_000_000,
                                       VALUE_BYTES)
            for command, of_command in runs.items():
                ours = run_store_client(build, "redis", address=address, callers=CALLERS, seconds=CLIENT_SECONDS,
                                        command=command, bytes=VALUE_BYTES)["per_second"]
                of_command.append({"ours": ours, "alone": alone[command], "many": many[command], "deep": deep[command]})
        for command, of_command in runs.items():
            rows += [
                _ratio_row(f"{command.upper()} of {VALUE_BYTES} bytes through the Redis client, to redis-benchmark "
                           f"-c {REDIS_CONNECTIONS}", of_command, "ours", "alone", (">=", 1)),
                _ratio_row(f"  to -c {CALLERS}, a connection for each caller", of_command, "ours", "many", (">=", 1)),
                _ratio_row(f"  to -c {REDIS_CONNECTIONS} -P {CALLERS // REDIS_CONNECTIONS}, whole batches at once",
                           of_command, "ours", "deep"),
            ]
    return rows


def many_processes(build: Build) -> list[Row]:
    """Direct calls with the instant model, as in whole_server: over SQLite, over PostgreSQL and Redis, and by two
    processes over those."""
    runs, times = [], []
    with ExitStack() as stack:
        postgres = stack.enter_context(_durable_postgres(build))
        redis = stack.enter_context(_running(Redis))
        deployment = {**postgres.settings(postgres.new_database()), **redis.settings(),
                      "CODELAB_DATABASE_CONNECTIONS": str(CONNECTIONS),
                      "CODELAB_JWT_SECRETS": "shared:a-secret-of-at-least-thirty-two-bytes-for-all"}
        first, second = (
            stack.enter_context(Server(build, stack.enter_context(build.data_dir()), **deployment)) for _ in range(2)
        )
        embedded = stack.enter_context(Server(build, stack.enter_context(build.data_dir())))
        run_calls(build, first, [first.new_user()], 1)
        run_calls(build, second, [second.new_user()], 1)
        run_calls(build, embedded, [embedded.new_user()], 1)
        for _ in range(ROUNDS):
            results = {"sqlite": _calls(build, embedded), "one": _calls(build, first),
                       "two": _calls(build, first, second)}
            runs.append({name: result["per_second"] for name, result in results.items()})
            times.append({name: result["cpu_ms"] / 1e3 for name, result in results.items()})
    return [
        _ratio_row("direct call over PostgreSQL and Redis, to SQLite, 64 in flight", runs, "one", "sqlite"),
        _time_row("  the same, by processor time of the server alone", times, "one", "sqlite"),
        _ratio_row("  two processes, to one", runs, "two", "one"),
    ]


def _calls(build: Build, *servers: Server) -> dict:
    """Calls per_second of all servers together, and cpu_ms of theirs for each, with 64 in flight by new users."""
    share = CALLERS // len(servers)
    users = [[server.new_user() for _ in range(USERS // len(servers))] for server in servers]
    with ThreadPoolExecutor() as pool:
        started = [pool.submit(run_calls, build, server, tokens, CALL_SECONDS, in_flight=share)
                   for server, tokens in zip(servers, users)]
        runs = [each.result() for each in started]
    rate = sum(run["per_second"] for run in runs)
    return {"per_second": rate, "cpu_ms": sum(run["cpu_ms"] * run["per_second"] for run in runs) / rate}
