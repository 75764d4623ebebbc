"""The table of opcodes, which the modules beside this one fill."""

from collections.abc import Callable
from typing import NoReturn

from modelseal.models.pickles.machine import Broken, Machine

Handler = Callable[[Machine, int], int]


def _invalid(_machine: Machine, _position: int) -> NoReturn:
    raise Broken("it has a byte that is no opcode")


HANDLERS: list[Handler] = [_invalid] * 256


def opcode(code: bytes) -> Callable[[Handler], Handler]:
    """Declare what an opcode does: a function of the state and the position behind the opcode, to the next one's."""

    def declare(handler: Handler) -> Handler:
        HANDLERS[code[0]] = handler
        return handler

    return declare


def valid(code: int) -> bool:
    """Tell whether a byte is an opcode."""
    return HANDLERS[code] is not _invalid
