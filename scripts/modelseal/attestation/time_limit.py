"""A time limit for work that has none of its own."""

import threading
from collections.abc import Callable
from typing import TypeVar

from modelseal.errors import ToolError

T = TypeVar("T")


def within(seconds: float, what: str, work: Callable[[], T]) -> T:
    """Do work, and give up waiting for it: a service that hangs would hang us.

    Args:
        seconds: How long it may take.
        what: The work, for people.
        work: What to do. It goes on by itself when nobody waits any more, and ends with the process.

    Raises:
        ToolError: It takes longer.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread, not swallowed
            failures.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise ToolError(f"{what} took more than {seconds:g} seconds.", mend="Check the network and run the job again.")
    return results[0]
