"""How long a registry is waited for, and how much is taken from it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a registry may take of our time.

    Attributes:
        attempts: How often something is tried before it counts as failed.
        seconds: For everything that one client does, pauses included.
        answer_seconds: For one small answer, from the first to the last byte; and for the head of a large one.
        silence_seconds: For which a connection may be silent.
        stall_seconds: In which at least `stall_bytes` of a large answer must come.
        stall_bytes: See `stall_seconds`.
        longest_wait: Seconds; a registry that asks to wait for longer is not waited for.
    """

    attempts: int = 5
    seconds: float = 900.0
    answer_seconds: float = 60.0
    silence_seconds: float = 30.0
    stall_seconds: float = 30.0
    stall_bytes: int = 256 * 1024
    longest_wait: float = 90.0


@dataclass(frozen=True)
class Clock:
    """Time, and chance, which tests replace.

    Attributes:
        now: Seconds that only ever grow.
        wall: Seconds since 1970.
        sleep: Wait for seconds.
        chance: A number between 0 and 1, so that jobs that started together do not ask again together.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
