"""What automatic mode costs: a plan to its critical path, and a task of a plan to a direct call."""

import json
import statistics
import time

from harness import Build, NotMeasured, Server, SlowModel
from table import Row, spread

DELAY_MS = 500
NODES = 8
TURNS = 7
#: One call of the model plans, all nodes run at once, one call puts together.
CALLS_IN_A_ROW = 3


def _user(server: Server) -> tuple[str, str]:
    token = server.new_user()
    server.request("PUT", "/my/orchestrator", {"max_nodes": 32, "max_parallel": 16}, token)
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
    with (
        SlowModel(build, DELAY_MS, NODES) as model,
        build.data_dir() as data_dir,
        Server(build, data_dir, **model.settings) as server,
    ):
        _post(server, _user(server), "@orchestrator begin")
        walls = [_post(server, _user(server), "@orchestrator do all of it") for _ in range(TURNS)]
    path = CALLS_IN_A_ROW * DELAY_MS / 1e3
    ratios = [wall / path for wall in walls]
    with (
        SlowModel(build, 0, NODES) as model,
        build.data_dir() as data_dir,
        Server(build, data_dir, **model.settings) as server,
    ):
        _post(server, _user(server), "@orchestrator begin")
        tasks, directs = [], []
        for _ in range(TURNS):
            user = _user(server)
            tasks.append(_post(server, user, "@orchestrator do all of it") / (NODES + 1))
            user = _user(server)
            directs.append(statistics.median(_post(server, user, "@coder do it") for _ in range(NODES + 1)))
    overheads = [task / direct for task, direct in zip(tasks, directs)]
    return [
        Row(f"plan of {NODES} independent nodes, model of {DELAY_MS} ms, to its critical path",
            statistics.median(ratios), aim=("<=", 1.15), note=f"{statistics.median(walls):.3f} s; {spread(ratios)}"),
        Row("  a task of it with an instant model, to a direct call", statistics.median(overheads),
            note=f"{statistics.median(tasks) * 1e3:.1f} ms to {statistics.median(directs) * 1e3:.1f} ms; "
                 f"{spread(overheads)}"),
    ]
