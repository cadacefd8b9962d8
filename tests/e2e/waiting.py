"""Waiting for conditions, never for time: every wait has a watchdog and says what it waited for."""

import asyncio
import inspect
import time

import settings


async def eventually(probe, what: str, seconds: float = 15):
    """The first truthy value of `probe()` (which may be a coroutine function)."""
    deadline = time.monotonic() + settings.patient(seconds)
    while True:
        value = probe()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        await asyncio.sleep(0.01)


async def within(awaitable, what: str, seconds: float = 15):
    """The result of `awaitable`, or a failure that names it."""
    try:
        return await asyncio.wait_for(awaitable, settings.patient(seconds))
    except asyncio.TimeoutError:
        raise AssertionError(f"waited in vain for: {what}") from None
