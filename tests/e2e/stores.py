"""PostgreSQL and Redis of the tests' own: real servers in a temporary folder, on free loopback ports."""

import ctypes
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import settings

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _as_other_user() -> dict:
    """PostgreSQL refuses to run as root: then it runs as the user that its package made."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class _Process:
    """A server program that is ready once its log says so."""

    def __init__(self, folder: Path, sign: str):
        self.folder = folder
        self.log = folder / "log"
        self._sign = sign
        self._process: subprocess.Popen | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def owner(self) -> dict:
        """As whom it runs, as subprocess wants it."""
        return _as_other_user()

    @property
    def pid(self) -> int:
        return self._process.pid

    def freeze(self) -> None:
        """It takes connections and says nothing more."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def start(self):
        before = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             cwd=self.folder, preexec_fn=_end_with_parent, **self.owner())
        deadline = time.monotonic() + settings.patient(30)
        while self._sign not in self.log.read_text(errors="replace")[before:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.command()[0]} does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def stop(self, how: int = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(settings.patient(30))
            self._process = None


class Postgres(_Process):
    """The newest version that is installed. Logins: postgres (superuser), owner (migrates), app (serves)."""

    def __init__(self, *options: str, parent: Path | None = None):
        """`options` are more arguments of postgres; the last of a kind counts. Its folder is made in `parent`."""
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="codelab-pg-", dir=parent, ignore_cleanup_errors=True)
        os.chmod(self._folder.name, 0o777)
        super().__init__(Path(self._folder.name), "ready to accept connections")
        self.port = free_port()
        self._count = itertools.count()
        subprocess.run([self._program("initdb"), "-D", self.folder / "data", "-U", "postgres", "-A", "trust",
                        "-E", "UTF8", "--locale=C", "--no-sync"], check=True, capture_output=True, cwd=self.folder,
                       **_as_other_user())
        self.start()
        self.sql("CREATE ROLE owner LOGIN CREATEROLE; CREATE ROLE app LOGIN;"
                 "CREATE ROLE codelab_serving NOLOGIN; CREATE ROLE codelab_operator NOLOGIN;"
                 "GRANT codelab_serving, codelab_operator TO app; GRANT codelab_serving, codelab_operator TO owner")

    @staticmethod
    def _program(name: str) -> Path:
        versions = sorted(Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name))
        return versions[-1] / "bin" / name

    def command(self) -> list[str]:
        return [str(self._program("postgres")), "-D", str(self.folder / "data"), "-k", str(self.folder),
                "-c", "listen_addresses=127.0.0.1", "-p", str(self.port), "-c", "fsync=off",
                "-c", "max_connections=300", "-c", "shared_buffers=32MB", *self._options]

    def sql(self, statements: str, database: str = "postgres") -> str:
        return self.run("psql", "-U", "postgres", "-d", database, "-Atq", "-v", "ON_ERROR_STOP=1", "-c", statements)

    def run(self, program: str, *arguments: str) -> str:
        """What a program of PostgreSQL prints about this server."""
        run = subprocess.run([self._program(program), "-h", "127.0.0.1", "-p", str(self.port), *arguments],
                             capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def new_database(self) -> str:
        name = f"e2e_{next(self._count)}"
        self.sql(f"CREATE DATABASE {name} OWNER owner")
        return name

    def settings(self, database: str) -> dict[str, str]:
        """Those of a process that serves from `database`."""
        address = f"host=127.0.0.1 port={self.port} dbname={database}"
        return {"CODELAB_DATABASE_URL": f"{address} user=app", "CODELAB_DATABASE_MIGRATION_URL": f"{address} user=owner",
                "CODELAB_DATABASE_CONNECTIONS": "10"}

    def settings_of_shard(self, name: str, database: str) -> dict[str, str]:
        """What a process needs beside its own database's settings to spread users over `database` too."""
        address = f"host=127.0.0.1 port={self.port} dbname={database}"
        return {"CODELAB_DATABASE_SHARDS": f"{name}={address} user=app",
                "CODELAB_DATABASE_SHARD_MIGRATION_URLS": f"{name}={address} user=owner"}

    def dispose(self) -> None:
        self.stop(signal.SIGQUIT)
        self._folder.cleanup()


class Redis(_Process):
    DATABASES = 2_000

    def __init__(self, *options: str):
        """`options` are more arguments of redis-server."""
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="codelab-redis-", ignore_cleanup_errors=True)
        os.chmod(self._folder.name, 0o777)
        super().__init__(Path(self._folder.name), "Ready to accept connections")
        self.port = free_port()
        self._count = itertools.count()
        self.start()

    def command(self) -> list[str]:
        return ["/usr/bin/redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--databases",
                str(self.DATABASES), "--dir", str(self.folder), *self._options]

    def cli(self, *arguments: str) -> str:
        """What redis-cli prints for that command, which a cluster's other nodes may have to answer."""
        command = ["/usr/bin/redis-cli", "-c", "-p", str(self.port), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def settings(self) -> dict[str, str]:
        """Those of a deployment of its own: the rate limits of one are not those of another."""
        return {"CODELAB_REDIS_URL": f"redis://127.0.0.1:{self.port}/{next(self._count) % self.DATABASES}"}

    def dispose(self) -> None:
        self.stop(signal.SIGKILL)
        self._folder.cleanup()


class RedisCluster:
    """Three masters that share the slots."""

    def __init__(self):
        self._nodes = [Redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()),
                             "--cluster-node-timeout", "2000") for _ in range(3)]
        subprocess.run(["/usr/bin/redis-cli", "--cluster", "create", "--cluster-yes",
                        *(f"127.0.0.1:{node.port}" for node in self._nodes)], check=True, capture_output=True)
        deadline = time.monotonic() + settings.patient(30)
        while not all("cluster_state:ok" in node.cli("cluster", "info") for node in self._nodes):
            assert time.monotonic() < deadline, "the nodes do not become a cluster"
            time.sleep(0.02)

    def settings(self) -> dict[str, str]:
        """Those of a deployment. All of them share the cluster's only database, where keys hold a user's id, which is
        nobody else's; but for the logins counted of an address, and so they are counted from nothing again."""
        self._nodes[0].cli("del", "codelab:{address:127.0.0.1}:rate")
        return {"CODELAB_REDIS_URL": f"redis+cluster://127.0.0.1:{self._nodes[0].port}"}

    def dispose(self) -> None:
        for node in self._nodes:
            node.dispose()


class Qdrant(_Process):
    """A double of Qdrant, empty at each start."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="codelab-qdrant-")
        super().__init__(Path(self._folder.name), '"port"')
        self.port = free_port()
        self.start()

    def owner(self) -> dict:
        return {}

    def command(self) -> list[str]:
        return [sys.executable, "-u", str(settings.ROOT / "tests/servers/qdrant_double.py"), "--port", str(self.port)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, how: int = signal.SIGTERM) -> None:
        # What a shell runs in the background ignores SIGINT, and so does what Python starts there.
        super().stop(how)

    def dispose(self) -> None:
        self.stop(signal.SIGKILL)
        self._folder.cleanup()


class Stores:
    """What the processes of a deployment share."""

    def __init__(self):
        self.postgres = Postgres()
        self.redis = RedisCluster() if settings.CLUSTER else Redis()

    def new_deployment(self) -> dict[str, str]:
        """Settings for any number of processes over an empty database."""
        return {**self.postgres.settings(self.postgres.new_database()), **self.redis.settings(),
                settings.JWT_SECRETS: "shared:a-secret-of-at-least-thirty-two-bytes-for-all"}

    def dispose(self) -> None:
        self.redis.dispose()
        self.postgres.dispose()
