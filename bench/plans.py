"""What automatic mode costs: a plan to its critical path, and a task of a plan to a direct call."""

import json
import statistics
import time

from harness import Build, NotMeasured, Server, SlowModel
from table import Row, spread

DELAY_MS = 500
#: Of a plan whose wall time is compared with its critical path.
NODES = (2, 8, 16)
#: Of a plan whose tasks are compared with direct calls.
TASKS = 8
TURNS = 7
#: One call of the model plans, all nodes run at once, one call puts together.
CALLS_IN_A_ROW = 3


def _user(server: Server, parallel: int) -> tuple[str, str]:
    token = server.new_user()
    server.request("PUT", "/my/orchestrator", {"max_nodes": 32, "max_parallel": parallel}, token)
    for name in ("coder", "architect", "debugger", "asker"):
        server.request("PATCH", f"/my/agents/{name}", {"config": {"concurrency_limit": 10}}, token)
    return token, server.new_session(token)


def _post(server: Server, user: tuple[str, str], content: str) -> float:
    """Seconds from the post to its answer."""
    token, session = user
    begin = time.perf_counter()
    answer = json.loads(server.request("POST", f"/my/chat/{session}/message/", {"content": content}, token))
    if answer.get("role") != "assistant":
        raise NotMeasured(f"no answer came: {answer}")
    return time.perf_counter() - begin


def plans(build: Build) -> list[Row]:
    """One plan at a time, of nodes that do not depend on one another."""
    return [*(_to_its_critical_path(build, nodes) for nodes in NODES), *_tasks_to_direct_calls(build)]


def _to_its_critical_path(build: Build, nodes: int) -> Row:
    with (
        SlowModel(build, DELAY_MS, nodes) as model,
        build.data_dir() as data_dir,
        Server(build, data_dir, **model.settings) as server,
    ):
        _post(server, _user(server, 16), "@orchestrator begin")
        walls = [_post(server, _user(server, 16), "@orchestrator do all of it") for _ in range(TURNS)]
    ratios = [wall * 1e3 / (CALLS_IN_A_ROW * DELAY_MS) for wall in walls]
    return Row(f"plan of {nodes} independent nodes, model of {DELAY_MS} ms, to its critical path",
               statistics.median(ratios), aim=("<=", 1.15), note=f"{statistics.median(walls):.3f} s; {spread(ratios)}")


def _tasks_to_direct_calls(build: Build) -> list[Row]:
    """All of a plan, planning and putting together too, divided by its tasks."""
    rows = []
    with (
        SlowModel(build, 0, TASKS) as model,
        build.data_dir() as data_dir,
        Server(build, data_dir, **model.settings) as server,
    ):
        _post(server, _user(server, 16), "@orchestrator begin")
        for parallel, how in ((1, "one after the other"), (16, "at the same time")):
            tasks, directs = [], []
            for _ in range(TURNS):
                tasks.append(_post(server, _user(server, parallel), "@orchestrator do all of it") / TASKS)
                user = _user(server, parallel)
                directs.append(statistics.median(_post(server, user, "@coder do it") for _ in range(TASKS)))
            overheads = [task / direct for task, direct in zip(tasks, directs)]
            rows.append(Row(f"  a task of {TASKS} with an instant model, {how}, to a direct call",
                            statistics.median(overheads),
                            note=f"{statistics.median(tasks) * 1e3:.1f} ms to {statistics.median(directs) * 1e3:.1f} ms; "
                                 f"{spread(overheads)}"))
    return rows
