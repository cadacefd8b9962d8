"""The processes that a benchmark is made of: the server, bare Beast, the load generators; and what they cost."""

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SERVES = re.compile(r"serves http://[^ ]*:(\d+)")
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ")
_TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 60


class NotMeasured(Exception):
    """A figure could not be had; its text says why."""


class Build:
    """The folder with the binaries, and a place beside them for data: a real disk, as /tmp may be none."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def binary(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            raise NotMeasured(f"{path} is not built")
        return str(path)

    @contextmanager
    def data_dir(self):
        """A new folder that goes away again."""
        path = Path(tempfile.mkdtemp(prefix="bench-data-", dir=self.folder))
        try:
            yield path
        finally:
            shutil.rmtree(path)

    @property
    def weights_dir(self) -> Path:
        return next(path for path in (self.folder / "models", self.folder.parent / "models") if path.exists())


class Program:
    """A child process that prints a line when it is ready. Use as `with`."""

    def __init__(self, arguments: list[str], environment: dict[str, str] | None = None):
        self.process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def line(self) -> str:
        """The next line that it prints; raises with its error output when it ends instead."""
        line = self.process.stdout.readline()
        if not line:
            raise NotMeasured(f"{self.process.args[0]} ended: {self.process.stderr.read()[-500:]}")
        return line.strip()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


class BareBeast(Program):
    def __init__(self, build: Build, threads: int):
        super().__init__([build.binary("bare_beast"), "--threads", str(threads)])
        self.url = f"http://127.0.0.1:{self.line()}/"


class SlowModel(Program):
    def __init__(self, build: Build, delay_ms: int, plan_nodes: int = 0):
        """A request for a plan gets one of `plan_nodes` nodes."""
        super().__init__([build.binary("load_driver"), "model", "--delay-ms", str(delay_ms),
                          "--plan-nodes", str(plan_nodes)])
        #: What makes a server use it.
        self.settings = {
            "CODELAB_LLM_BASE_URL": f"http://127.0.0.1:{self.line()}/v1",
            "CODELAB_LLM_API_KEY": "bench",
            "CODELAB_LLM_MODEL": "slow",
        }


class Server(Program):
    """`codelab serve` over a data folder; `ready_seconds` is from its start to the line that says that it serves."""

    def __init__(self, build: Build, data_dir: Path, **overrides: str):
        inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment = {
            **inherited,
            "NO_PROXY": "127.0.0.1",
            "CODELAB_HOST": "127.0.0.1",
            "CODELAB_PORT": "0",
            "CODELAB_DATA_DIR": str(data_dir),
            "CODELAB_LOG_LEVEL": "warning",
            "CODELAB_RATE_LIMIT_PER_MINUTE": "0",
            "CODELAB_EMBEDDING_MODEL": "hashing",
            "CODELAB_STREAM_HEARTBEAT_SECONDS": "3600",
            **overrides,
        }
        begin = time.perf_counter()
        super().__init__([build.binary("codelab"), "serve"], environment)
        serves = _SERVES.search(self.line())
        self.ready_seconds = time.perf_counter() - begin
        if not serves:
            raise NotMeasured("the server did not say where it serves")
        self.port = int(serves[1])
        self._http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

    def request(self, method: str, path: str, body: dict | None = None, token: str = "") -> bytes:
        """The body of a good answer."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self._http.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise NotMeasured(f"{method} {path} was answered {answer.status}: {text[:300]!r}")
        return text

    def new_user(self) -> str:
        """The access token of somebody new."""
        body = {"email": f"{secrets.token_hex(8)}@example.com", "password": "correct horse battery staple"}
        return json.loads(self.request("POST", "/auth/register", body))["access_token"]

    def new_session(self, token: str) -> str:
        return json.loads(self.request("POST", "/my/chat/sessions/", {"title": "bench"}, token))["id"]

    def gauge(self, name: str) -> float:
        text = self.request("GET", "/metrics").decode()
        return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])


@dataclass
class WrkResult:
    per_second: float
    cpu_seconds_each: float
    p99_ms: float


_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def run_wrk(server: Program, url: str, seconds: int, token: str) -> WrkResult:
    """64 connections that ask again as soon as they are answered."""
    cpu_before = server.cpu_seconds()
    command = ["wrk", "-t2", "-c64", f"-d{seconds}s", "--latency", "-H", f"Authorization: Bearer {token}", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = server.cpu_seconds() - cpu_before
    if "Non-2xx" in text or "Socket errors" in text:
        raise NotMeasured(f"wrk saw failures:\n{text}")
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    return WrkResult(
        per_second=float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        cpu_seconds_each=cpu / int(re.search(r"(\d+) requests in", text)[1]),
        p99_ms=float(p99[1]) * _MILLISECONDS[p99[2]],
    )


@contextmanager
def _file_of(lines: list[str]):
    with tempfile.NamedTemporaryFile("w", prefix="bench-lines-") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        yield file.name


def run_calls(build: Build, server: Server, tokens: list[str], seconds: float, spread: float = 0,
              in_flight: int = 64) -> dict:
    """Direct calls in flight by the users of `tokens`, the first ones spread over so many seconds: per_second, p50_ms,
    p99_ms, the server's cpu_ms for each."""
    command = [build.binary("load_driver"), "calls", "--port", str(server.port), "--pid", str(server.process.pid)]
    command += ["--connections", str(in_flight), "--warmup", "0.5", "--seconds", str(seconds), "--spread", str(spread)]
    with _file_of(tokens) as file:
        command += ["--tokens", file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    if done.returncode != 0:
        raise NotMeasured(done.stderr.strip())
    return json.loads(done.stdout)


class Streams(Program):
    """Open streams, one for each (token, session); they stay open while it runs. `result` is of the posts it made."""

    def __init__(self, build: Build, port: int, streams: list[tuple[str, str]], posts: int = 0):
        with _file_of([f"{token} {session}" for token, session in streams]) as file:
            command = [build.binary("load_driver"), "streams", "--port", str(port), "--streams", file]
            super().__init__([*command, "--posts", str(posts)])
            try:
                self.line()
                self.result = json.loads(self.line())
            except NotMeasured:
                self.stop()
                raise


def run_store_client(build: Build, kind: str, **options) -> dict:
    """Our own client: calls made, and how many per_second; see bench/store_clients.cpp."""
    command = [build.binary("store_clients"), kind]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    if done.returncode != 0:
        raise NotMeasured(done.stderr.strip()[-500:])
    return json.loads(done.stdout)


def run_pgbench(address: str, connections: int, seconds: int) -> dict:
    """Reads by a key: calls made, and how many per_second."""
    command = ["pgbench", "-n", "-S", "-M", "prepared", "-c", str(connections), "-j", "2", "-T", str(seconds), address]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {
        "per_second": float(re.search(r"tps = ([\d.]+)", text)[1]),
        "calls": int(re.search(r"actually processed: (\d+)", text)[1]),
    }


def run_redis_benchmark(port: int, connections: int, pipelined: int, requests: int, size: int) -> dict[str, float]:
    """Commands a second, of "set" and "get"."""
    command = ["redis-benchmark", "-p", str(port), "-t", "set,get", "-c", str(connections), "-P", str(pipelined)]
    command += ["-n", str(requests), "-d", str(size), "--csv"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name.lower(): float(rate) for name, rate in re.findall(r'^"(SET|GET)","([\d.]+)"', text, re.MULTILINE)}


def run_google_benchmark(build: Build, name: str, pattern: str, repetitions: int) -> dict[str, dict]:
    """Name -> its median over `repetitions`, for what matches and can run here."""
    command = [build.binary(name), f"--benchmark_filter={pattern}", "--benchmark_format=json"]
    command += [f"--benchmark_repetitions={repetitions}", "--benchmark_min_time=0.1"]
    environment = {**os.environ, "CODELAB_TEST_MODEL_DIR": str(build.weights_dir)}
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    runs = json.loads(text)["benchmarks"]
    medians = {run["run_name"]: run for run in runs if run.get("aggregate_name") == "median"}
    if not medians:
        raise NotMeasured(f"{name} has nothing that runs here and matches {pattern}")
    return medians
