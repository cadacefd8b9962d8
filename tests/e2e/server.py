"""The built binary as a process: start, stop, kill, restart, and what it said on stderr."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import settings

_SANITIZER_OPTIONS = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE")
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ", *_SANITIZER_OPTIONS)
_SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:")


def environment(overrides: dict[str, str]) -> dict[str, str]:
    """What a server process sees: nothing of the caller's own configuration, proxies or keys. "" unsets a name."""
    inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    wanted = {**inherited, "NO_PROXY": "127.0.0.1,localhost", **overrides}
    return {name: value for name, value in wanted.items() if value != ""}


def run_command(*arguments: str, **overrides: str) -> subprocess.CompletedProcess:
    """Runs `codelab ARGUMENTS` to its end and returns what it said."""
    return subprocess.run(
        [str(settings.binary()), *arguments], env=environment(overrides), capture_output=True, text=True,
        timeout=settings.patient(30), stdin=subprocess.DEVNULL,
    )


class Server:
    """One `codelab serve`. A restart keeps the data folder and picks a new port; `url` always names the current one."""

    def __init__(self, data_dir: Path | None = None, program: Path | None = None, **overrides: str):
        """`program` is the binary under test unless it is given."""
        self.program = program or settings.binary()
        self._owned_dir = None if data_dir else tempfile.TemporaryDirectory(prefix="codelab-e2e-")
        self.data_dir = Path(data_dir or self._owned_dir.name)
        self.overrides = {settings.RATE_LIMIT: "0", **overrides}
        self.lines: list[str] = []  # stderr of every run, oldest first
        self.port = 0
        self._process: subprocess.Popen | None = None
        self._reader: threading.Thread | None = None
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> "Server":
        """Returns when the server listens; raises with its log when it ends or stays silent instead."""
        if not self.program.exists():
            raise FileNotFoundError(f"{self.program} is not built; build it or set CODELAB_BINARY")
        first = len(self.lines)
        self._process = subprocess.Popen(
            [str(self.program), "serve"], env=self._environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.data_dir,
        )
        self._reader = threading.Thread(target=self._read_log, args=(self._process.stderr,), daemon=True)
        self._reader.start()
        listening = self.wait_for_log(lambda record: record.get("event") == "listening", since=first)
        self.port = int(listening["port"])
        return self

    def _environment(self) -> dict[str, str]:
        fixed = {"CODELAB_HOST": "127.0.0.1", "CODELAB_PORT": "0", "CODELAB_DATA_DIR": str(self.data_dir)}
        return environment({**fixed, **self.overrides})

    def _read_log(self, pipe) -> None:
        for line in pipe:
            with self._changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def log_records(self, since: int = 0) -> list[dict]:
        """The log lines that are JSON objects."""
        return [record for record in map(_parsed, self.lines[since:]) if record is not None]

    def wait_for_log(self, wanted, since: int = 0, seconds: float = 20) -> dict:
        """The first log record from line `since` on for which `wanted(record)` holds."""
        deadline = time.monotonic() + settings.patient(seconds)
        with self._changed:
            while True:
                for record in self.log_records(since):
                    if wanted(record):
                        return record
                if not self.running or time.monotonic() > deadline:
                    tail = "\n".join(self.lines[-20:])
                    raise AssertionError(f"server did not log what was awaited (running={self.running}):\n{tail}")
                self._changed.wait(0.1)

    def terminate(self) -> None:
        """Asks for a graceful end and does not wait for it."""
        self._process.send_signal(signal.SIGTERM)

    def wait_ended(self, seconds: float = 20) -> int:
        """The exit code, once the process has ended and its log is read."""
        code = self._process.wait(settings.patient(seconds))
        self._reader.join(5)
        return code

    def stop(self) -> None:
        """Ends the process gracefully; raises when it ends badly or a sanitizer complained."""
        if self.running:
            self.terminate()
            try:
                code = self.wait_ended()
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("the server did not end within its drain time after SIGTERM") from None
            assert code == 0, f"exit code {code} after SIGTERM\n" + "\n".join(self.lines[-20:])
        self.assert_no_sanitizer_report()

    def strike(self) -> None:
        """kill -9, without waiting for anything."""
        self._process.kill()

    def kill(self) -> None:
        """kill -9, and waits until the process is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._reader.join(5)

    def restart(self, **overrides: str) -> None:
        """A graceful stop and a new start over the same data, with changed settings."""
        self.stop()
        self.overrides.update(overrides)
        self.start()

    def assert_no_sanitizer_report(self) -> None:
        reports = [line for line in self.lines if any(mark in line for mark in _SANITIZER_MARKS)]
        assert not reports, "\n".join(self.lines[-80:])

    def databases(self) -> list[Path]:
        """The SQLite files in the data folder."""
        files = [path for path in self.data_dir.rglob("*") if path.is_file()]
        return [path for path in files if path.read_bytes()[:15] == b"SQLite format 3"]

    def dispose(self) -> None:
        """Stops whatever runs and removes an owned data folder."""
        try:
            self.stop()
        finally:
            self.kill()
            if self._owned_dir:
                self._owned_dir.cleanup()


def _parsed(line: str) -> dict | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
