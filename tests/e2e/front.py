"""The real nginx and HAProxy with the files of deploy/: only addresses, paths and what a test names are substituted."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import settings

_DEPLOY = settings.ROOT / "deploy"
_FIRST, _SECOND = "127.0.0.1:8081", "127.0.0.1:8082"


class Front:
    """A front before processes. It ends with dispose(), or with the test's process however that ends.

    hasty: its timeouts for ordinary calls are a second. tls: the lines for TLS are in force, on a port of their own.
    """

    file: Path

    def __init__(self, ports: list[int], hasty: bool = False, tls: bool = False):
        self.ports = ports
        self.hasty = hasty
        self.tls = tls
        self.folder = Path(tempfile.mkdtemp(prefix="front-"))
        self.folder.chmod(0o755)  # nginx's workers are somebody else when it is started as root
        self.port = self.tls_port = 0
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Front":
        """Returns when the front listens. Must be called by the thread that lives as long as the test."""
        if self.tls:
            _make_certificate(self.folder)
        for _ in range(5):
            self.port, self.tls_port = _free_ports()
            self.write()
            self._launch()
            if self._settles():
                return self
            assert "Address already in use" in self.log(), self.log()
        raise AssertionError("no free port stayed free")

    def _launch(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *self.command()], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )

    def _settles(self) -> bool:
        """Whether it listens and obeys signals; false when it ended instead."""
        deadline = time.monotonic() + settings.patient(15)
        while self._process.poll() is None:
            if self._listens() and self._hears():
                return True
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)
        return False

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except ConnectionRefusedError:
            return False

    def _hears(self) -> bool:
        """Whether it would obey a signal to reload: HAProxy listens some time before it does."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1], 16)
        return bool(caught >> (self.reload_signal - 1) & 1)

    def write(self, down: int | None = None) -> None:
        """Puts the configuration into the folder; the process on port `down` is marked as out."""
        self.configuration.write_text(self.adapted((_DEPLOY / self.file).read_text(), down))

    @property
    def configuration(self) -> Path:
        return self.folder / self.file.name

    def take_out(self, down: int | None) -> None:
        """Marks the process on port `down` as out, no other, and reloads as an operator does; it takes a moment."""
        assert self._settles(), self.log()
        self.write(down)
        self._process.send_signal(self.reload_signal)

    def log(self) -> str:
        """What the front wrote, with a line for each request that is over."""
        return (self.folder / "log").read_text(errors="replace")

    def trust(self) -> ssl.SSLContext:
        """A client's context that knows the front's certificate."""
        return ssl.create_default_context(cafile=self.folder / "fullchain.pem")

    def dispose(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(settings.patient(10))
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        shutil.rmtree(self.folder)

    # What differs.

    reload_signal: signal.Signals
    asks_readiness: bool  # whether it asks /health/ready by itself

    def command(self) -> list[str]:
        raise NotImplementedError

    def adapted(self, text: str, down: int | None) -> str:
        raise NotImplementedError


class Nginx(Front):
    file = Path("nginx/nginx.conf")
    reload_signal = signal.SIGHUP
    asks_readiness = False

    def command(self) -> list[str]:
        return ["/usr/sbin/nginx", "-p", str(self.folder), "-c", str(self.configuration), "-g", "daemon off;"]

    def adapted(self, text: str, down: int | None) -> str:
        text = _with_processes(text, self.ports, down, lambda line: line.replace(";", " down;"))
        temporary = "".join(f"    {name}_temp_path {self.folder}/{name};\n"
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = _put(text, "http {\n", "http {\n" + temporary)
        text = _put(text, "pid /run/nginx.pid;", f"pid {self.folder}/pid;")
        text = _put(text, "error_log /var/log/nginx/error.log warn;", "error_log stderr warn;")
        text = _put(text, "access_log /var/log/nginx/access.log codelab;", f"access_log {self.folder}/log codelab;")
        text = _put(text, "listen 80;", f"listen 127.0.0.1:{self.port};")
        if self.hasty:
            text = _put(text, "proxy_read_timeout 150s;", "proxy_read_timeout 1s; send_timeout 1s;")
        if self.tls:
            text = _put(text.replace("#tls ", ""), "listen 443 ", f"listen 127.0.0.1:{self.tls_port} ")
            text = text.replace("/etc/codelab/tls/", f"{self.folder}/")
        return text


class Haproxy(Front):
    file = Path("haproxy/haproxy.cfg")
    reload_signal = signal.SIGUSR2
    asks_readiness = True

    def command(self) -> list[str]:
        return ["/usr/sbin/haproxy", "-W", "-f", str(self.configuration)]

    def adapted(self, text: str, down: int | None) -> str:
        text = _with_processes(text, self.ports, down, lambda line: line + " disabled")
        text = _put(text, "    user haproxy\n    group haproxy\n", "")
        text = _put(text, "log /dev/log local0", "log stdout format raw local0")
        text = _put(text, "bind :80\n", f"bind 127.0.0.1:{self.port}\n")
        if self.hasty:
            text = _put(text, "timeout client 150s", "timeout client 1s")
            text = _put(text, "timeout server 150s", "timeout server 1s")
        if self.tls:
            text = _put(text.replace("#tls ", ""), "bind :443 ", f"bind 127.0.0.1:{self.tls_port} ")
            text = text.replace("/etc/codelab/tls/", f"{self.folder}/")
        return text


FRONTS = {"nginx": Nginx, "haproxy": Haproxy}


def _put(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the file"
    return text.replace(old, new)


def _with_processes(text: str, ports: list[int], down: int | None, mark) -> str:
    """The file's line of the first process once for each port, marked for `down`; the line of the second goes."""
    lines = text.splitlines()
    first = next(line for line in lines if _FIRST in line)
    second = next(line for line in lines if _SECOND in line)
    ours = []
    for number, port in enumerate(ports, 1):
        line = first.replace(_FIRST, f"127.0.0.1:{port}").replace("process1", f"process{number}")
        ours.append(mark(line) if port == down else line)
    return _put(_put(text, second + "\n", ""), first, "\n".join(ours))


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _make_certificate(folder: Path) -> None:
    key, chain = folder / "privkey.pem", folder / "fullchain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain],
        check=True, capture_output=True,
    )
    (folder / "codelab.pem").write_text(chain.read_text() + key.read_text())
