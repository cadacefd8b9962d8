"""JSON Web Tokens made by hand, right and wrong ones."""

import base64
import hashlib
import hmac
import json

_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decode(token: str) -> tuple[dict, dict]:
    """Header and claims, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(_decode(header)), json.loads(_decode(claims))


def sign(claims: dict, secret: str, kid: str | None, algorithm: str = "HS256", **header) -> str:
    """A signed token; algorithm "none" (in any spelling) leaves the signature empty; kid None leaves it out."""
    header = {"alg": algorithm, "typ": "JWT", **({} if kid is None else {"kid": kid}), **header}
    signed = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
    if algorithm not in _HASHES:
        return signed + "."
    return f"{signed}.{_encode(hmac.new(secret.encode(), signed.encode(), _HASHES[algorithm]).digest())}"
