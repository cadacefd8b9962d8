"""HTTP by hand over a plain socket: for what a well-behaved client library cannot be made to send."""

import select
import socket
import time

import settings


def request_bytes(method: str, path: str, token: str | None = None, body: bytes = b"", **headers: str) -> bytes:
    """One HTTP/1.1 request. Header names take `_` for `-`."""
    fields = {"Host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    if body:
        fields.setdefault("Content-Type", "application/json")
        fields.setdefault("Content-Length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class RawLine:
    """One connection. Every read has a deadline; None and b"" mean that the server closed."""

    def __init__(self, port: int, seconds: float = 15):
        self._socket = socket.create_connection(("127.0.0.1", port), settings.patient(seconds))
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> "RawLine":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def read_answer(self, with_body: bool = True) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers (names in lower case) and body of the next answer, or None when the line is closed."""
        status_line = self._read_line()
        if not status_line:
            return None
        headers = {}
        while (line := self._read_line().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        status = int(status_line.split()[1])
        return status, headers, self._read_body(status, headers) if with_body else b""

    def _read_line(self) -> bytes:
        try:
            return self._file.readline()
        except ConnectionError:
            return b""

    def _read_body(self, status: int, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            return b"".join(self._chunks())
        if status in (204, 304) or status < 200:
            return b""
        return self._file.read(int(headers["content-length"]))

    def _chunks(self):
        while (size := int(self._read_line().split(b";")[0] or b"0", 16)):
            yield self._file.read(size)
            self._read_line()
        self._read_line()

    def at_end(self) -> bool:
        """Waits for the next byte: true when the server closed instead of sending one."""
        return self._read_line() == b""

    def has_something(self, seconds: float = 0) -> bool:
        """Whether the server says something, or closes the line, within `seconds`."""
        return bool(select.select([self._socket], [], [], seconds)[0])


def read_chunked_lines(line: socket.socket) -> list[str]:
    """The whole lines of a chunked answer on `line`, read to the end of the connection however it comes."""
    line.settimeout(settings.patient(20))
    deadline = time.monotonic() + settings.patient(40)
    data = b""
    try:
        while piece := line.recv(1 << 20):
            data += piece
            assert time.monotonic() < deadline, "the line was not closed"
    except ConnectionError:
        pass
    line.close()
    head, _, rest = data.partition(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0] and b"chunked" in head.lower(), head
    body = b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        rest = rest[length + 2:]
    return [text.decode() for text in body.split(b"\n")[:-1] if text.strip()]
