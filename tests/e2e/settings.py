"""What the suite knows about its surroundings: where the binary is, how patient to be, and the names of settings.

The names of CODELAB_* settings that tests change stand here once, so that a renamed setting is one edit.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def binary() -> Path:
    """The binary under test: CODELAB_BINARY, relative to the repository root when it is not absolute."""
    return ROOT / os.environ.get("CODELAB_BINARY", "build/release/codelab")


# Every watchdog is multiplied by this; sanitizer builds and loaded machines set it above 1.
PATIENCE = float(os.environ.get("CODELAB_E2E_PATIENCE", "1"))
# How many times the crash test kills the server.
CRASHES = int(os.environ.get("CODELAB_E2E_CRASHES", "50"))


# One process with its embedded store, or several over one PostgreSQL and one Redis.
MANY = os.environ.get("CODELAB_E2E_SCALE", "one") == "many"
# That Redis is one server, or a cluster of three.
CLUSTER = os.environ.get("CODELAB_E2E_REDIS", "server") == "cluster"


def patient(seconds: float) -> float:
    return seconds * PATIENCE


# Settings of the server that tests change.
LLM_DEADLINE = "CODELAB_LLM_DEADLINE_SECONDS"
LLM_FIRST_TOKEN = "CODELAB_LLM_FIRST_TOKEN_SECONDS"
REQUEST_TIMEOUT = "CODELAB_REQUEST_TIMEOUT_SECONDS"
MAX_QUEUE = "CODELAB_MAX_QUEUE_SECONDS"
RATE_LIMIT = "CODELAB_RATE_LIMIT_PER_MINUTE"
HEARTBEAT = "CODELAB_STREAM_HEARTBEAT_SECONDS"
JWT_SECRETS = "CODELAB_JWT_SECRETS"
CORS_ORIGINS = "CODELAB_CORS_ORIGINS"
LOG_LEVEL = "CODELAB_LOG_LEVEL"

LLM_KEY = "scripted-key-not-to-be-logged"
LLM_MODEL = "gpt-4o-mini"
EMBEDDING_MODEL = "text-embedding-3-small"
STARTER_TEAM = {"architect", "coder", "debugger", "asker"}


def provider_settings(base_url: str) -> dict[str, str]:
    """The settings that put a provider at `base_url` behind a server, for answers and for embeddings."""
    return {
        "CODELAB_LLM_BASE_URL": base_url,
        "CODELAB_LLM_API_KEY": LLM_KEY,
        "CODELAB_LLM_MODEL": LLM_MODEL,
        "CODELAB_EMBEDDING_BASE_URL": base_url,
        "CODELAB_EMBEDDING_API_KEY": LLM_KEY,
        "CODELAB_EMBEDDING_MODEL": EMBEDDING_MODEL,
    }
