#!/usr/bin/env python3
"""bench/run.py BUILD_DIR [SECTION...]: what the server does here, in ratio to what bare Beast does in the same run.

Reference and subject take turns, so that other work on the machine hits both; a figure is the median over the turns.
Ends with an error only when something could not be measured; an aim that is missed is a result.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from harness import (
    BareBeast, Build, NotMeasured, Server, SlowModel, Streams, run_calls, run_google_benchmark, run_wrk,
)
from many_processes import many_processes, postgres_client, redis_client
from plans import plans
from table import Row, print_table, spread

CORES = len(os.sched_getaffinity(0))
ROUNDS = 5
WRK_SECONDS = 2
CALL_SECONDS = 3
CALLERS = 16
STARTS = 10
MODEL_DELAY_MS = 200
OPEN_STREAMS = 2000
FAN_OUT_STREAMS = 1000
FAN_OUT_POSTS = 100
FAN_OUT_MODEL_DELAY_MS = 100
MEGABYTE = 1e6
MEASURING_FAILED = (NotMeasured, AssertionError, RuntimeError, OSError, ValueError, LookupError, TypeError,
                    subprocess.SubprocessError)


def whole_server(build: Build) -> list[Row]:
    """Bare Beast, the agent read and the direct call in turns."""
    bare_runs, reads, calls = [], [], []
    with ExitStack() as stack:
        data_dir = stack.enter_context(build.data_dir())
        bare = stack.enter_context(BareBeast(build, CORES))
        server = stack.enter_context(Server(build, data_dir))
        token = server.new_user()
        url = f"http://127.0.0.1:{server.port}/my/agents/coder"
        run_wrk(bare, bare.url, 1, token)
        run_wrk(server, url, 1, token)
        for _ in range(ROUNDS):
            callers = [server.new_user() for _ in range(CALLERS)]
            bare_runs.append(run_wrk(bare, bare.url, WRK_SECONDS, token))
            reads.append(run_wrk(server, url, WRK_SECONDS, token))
            calls.append(run_calls(build, server, callers, CALL_SECONDS))
    return _whole_server_rows(bare_runs, reads, calls)


def _whole_server_rows(bare_runs, reads, calls) -> list[Row]:
    read_ratios = [read.per_second / bare.per_second for read, bare in zip(reads, bare_runs)]
    cpu_ratios = [bare.cpu_seconds_each / read.cpu_seconds_each for read, bare in zip(reads, bare_runs)]
    call_ratios = [call["per_second"] / bare.per_second for call, bare in zip(calls, bare_runs)]

    def median(values):
        return statistics.median(list(values))

    bare_rate = median(bare.per_second for bare in bare_runs)
    read_rate = median(read.per_second for read in reads)
    call_rate = median(call["per_second"] for call in calls)
    return [
        Row("bare Beast, 127 fixed bytes, = 1", 1, note=f"{bare_rate:,.0f}/s, "
            f"P99 {median(bare.p99_ms for bare in bare_runs):.1f} ms"),
        Row("authenticated read of an agent", median(read_ratios), aim=(">=", 0.5),
            note=f"{read_rate:,.0f}/s, P99 {median(read.p99_ms for read in reads):.1f} ms; {spread(read_ratios)}"),
        Row("the same, by the server's processor time", median(cpu_ratios),
            note=f"{median(read.cpu_seconds_each for read in reads) * 1e6:.1f} us a request; {spread(cpu_ratios)}"),
        Row("direct call, instant model, 64 in flight", median(call_ratios), aim=(">=", 0.04),
            note=f"{call_rate:,.0f}/s; {spread(call_ratios)}"),
        Row("  the server's processor time for each", median(call["cpu_ms"] for call in calls), "ms"),
        Row("  its P50", median(call["p50_ms"] for call in calls), "ms"),
        Row("  its P99, at full load", median(call["p99_ms"] for call in calls), "ms", aim=("<", 10),
            note=f"64 in flight at {call_rate:,.0f}/s are {64e3 / call_rate:.0f} ms on average"),
    ]


def added_latency(build: Build) -> list[Row]:
    """What the server adds to a model that takes its time, with 64 calls in flight."""
    with ExitStack() as stack:
        model = stack.enter_context(SlowModel(build, MODEL_DELAY_MS))
        data_dir = stack.enter_context(build.data_dir())
        server = stack.enter_context(Server(build, data_dir, **model.settings))
        callers = [server.new_user() for _ in range(CALLERS)]
        even, at_once = [], []
        for _ in range(3):
            even.append(run_calls(build, server, callers, CALL_SECONDS, spread=MODEL_DELAY_MS / 1e3))
            at_once.append(run_calls(build, server, callers, CALL_SECONDS))
    what = f"added to a model of {MODEL_DELAY_MS} ms, 64 in flight"
    return [
        *_added(f"{what}, P50", even, aim=("<", 10)),
        *_added("  all 64 at the same moment, again and again, P50", at_once),
    ]


def _added(what: str, runs: list[dict], aim: tuple[str, float] | None = None) -> list[Row]:
    added_p50 = [run["p50_ms"] - MODEL_DELAY_MS for run in runs]
    added_p99 = [run["p99_ms"] - MODEL_DELAY_MS for run in runs]
    rate = statistics.median(run["per_second"] for run in runs)
    return [
        Row(what, statistics.median(added_p50), "ms"),
        Row("  P99", statistics.median(added_p99), "ms", aim, note=f"{rate:,.0f}/s; {spread(added_p99)}"),
    ]


def embedder(build: Build) -> list[Row]:
    medians = run_google_benchmark(build, "embedder_bench", "^use_lite_encode/.*/20$", 5)
    kernel = next(name for name in ("avx512", "avx2", "portable") if f"use_lite_encode/{name}/20" in medians)
    run = medians[f"use_lite_encode/{kernel}/20"]
    note = f"{kernel}, processor time of one thread; {run['real_time']:.1f} ms on the clock"
    return [Row("offline sentence embedding, 20 tokens", run["cpu_time"], "ms", ("<=", 3), note)]


def vector_search(build: Build) -> list[Row]:
    runs = run_google_benchmark(build, "vector_search_bench", "^search/rows:100000/dim:1536$", 2)
    run = next(iter(runs.values()))
    note = f"recall@10 {run['recall']:.3f}; processor time of one thread; {run['real_time']:.1f} ms on the clock"
    return [Row("memory search, 100,000 x 1536", run["cpu_time"], "ms", ("<", 20), note)]


def starts(build: Build) -> list[Row]:
    """On a new folder each time, then again and again on one with users, sessions and messages."""
    fresh, existing, idle = [], [], []
    with build.data_dir() as data_dir:
        for i in range(STARTS):
            with Server(build, data_dir / str(i)) as server:
                fresh.append(server.ready_seconds * 1e3)
                time.sleep(0.3)
                idle.append(server.resident_bytes() / MEGABYTE)
        with Server(build, data_dir / "used") as server:
            run_calls(build, server, [server.new_user() for _ in range(4)], 1)
        for _ in range(STARTS):
            with Server(build, data_dir / "used") as server:
                existing.append(server.ready_seconds * 1e3)
    return [
        Row("from start to serving, new data folder", statistics.median(fresh), "ms", ("<", 150), spread(fresh)),
        Row("  data folder in use", statistics.median(existing), "ms", ("<", 150), spread(existing)),
        Row("resident when idle, before any request", statistics.median(idle), "MB", ("<", 40), spread(idle)),
    ]


def open_streams(build: Build) -> list[Row]:
    """Memory of many streams, each of its own session, over a server that did nothing else."""
    with build.data_dir() as data_dir:
        with Server(build, data_dir) as server:
            users = [server.new_user() for _ in range(CALLERS)]
            streams = [(users[i % CALLERS], server.new_session(users[i % CALLERS])) for i in range(OPEN_STREAMS)]
        with Server(build, data_dir) as server:
            time.sleep(0.3)
            idle = server.resident_bytes()
            with Streams(build, server.port, streams):
                deadline = time.monotonic() + 20
                while server.gauge("codelab_stream_subscribers") < OPEN_STREAMS:
                    if time.monotonic() > deadline:
                        raise NotMeasured("not every stream joined")
                    time.sleep(0.05)
                above = server.resident_bytes() - idle
    return [
        Row(f"{OPEN_STREAMS:,} open streams, resident above idle", above / MEGABYTE, "MB", ("<=", 40)),
        Row("  for each stream", above / OPEN_STREAMS / 1e3, "kB"),
    ]


def fan_out(build: Build) -> list[Row]:
    """One user's session that a thousand streams follow. The model takes its time, so that the pieces of its answer
    do not come right behind the event that is timed."""
    with (
        SlowModel(build, FAN_OUT_MODEL_DELAY_MS) as model,
        build.data_dir() as data_dir,
        Server(build, data_dir, **model.settings) as server,
    ):
        token = server.new_user()
        session = server.new_session(token)
        with Streams(build, server.port, [(token, session)] * FAN_OUT_STREAMS, FAN_OUT_POSTS) as streams:
            result = streams.result
    each = f"each reader: P50 {result['delivery_p50_ms']:.1f}, P99 {result['delivery_p99_ms']:.1f}"
    return [
        Row(f"post to last of {FAN_OUT_STREAMS:,} readers, P50", result["last_reader_p50_ms"], "ms", note=each),
        Row("  P99", result["last_reader_p99_ms"], "ms", ("<", 50), f"of {FAN_OUT_POSTS} posts"),
    ]


SECTIONS = (whole_server, added_latency, embedder, vector_search, starts, open_streams, fan_out, plans,
            postgres_client, redis_client, many_processes)


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    build = Build(Path(sys.argv[1]))
    wanted = sys.argv[2:]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{CORES} cores, {platform.machine()}, Linux {platform.release()}; load average at the start: {load}\n")
    begin = time.monotonic()
    rows, failed = [], False
    for section in SECTIONS:
        if wanted and section.__name__ not in wanted:
            continue
        print(f"measuring {section.__name__} ...", file=sys.stderr, flush=True)
        try:
            rows += [row.cells() for row in section(build)]
        except MEASURING_FAILED as failure:
            failed = True
            rows.append([section.__name__, "not measured", "", "", " ".join(str(failure).split())[:200]])
    print_table(rows)
    print(f"\nmeasured in {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
