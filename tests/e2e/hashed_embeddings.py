"""Deterministic embeddings: a hashed bag of words, so that texts that share words are near each other."""

import base64
import hashlib
import math
import re
import struct


def embed(text: str, dimensions: int) -> list[float]:
    """The unit vector of `text`."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or ["(empty)"]:
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        vector[int.from_bytes(digest[:4], "big") % dimensions] += 1.0 if digest[4] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def embed_all(texts: list[str], dimensions: int, as_base64: bool) -> list:
    """One vector a text: lists of floats, or base64 of little-endian float32 as OpenAI sends them."""
    vectors = [embed(text, dimensions) for text in texts]
    if not as_base64:
        return vectors
    return [base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode() for vector in vectors]
