"""Protocol buffers read by their wire format: https://protobuf.dev/programming-guides/encoding/.

Nothing is decoded that is not asked for: a field is its number, its wire type and where its value is. Payloads are
skipped by their lengths. A message may come in several pieces and a field several times; readers merge them, so that
whoever walks over all the fields sees all that any reader can see.
"""

import mmap
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # and groups, which no format of models has
_WIDTHS = {FIXED64: 8, FIXED32: 4}
_VARINT_BYTES = 10
_SIGN = 1 << 63
_LONGEST_TEXT = 1 << 20


class Field(NamedTuple):
    """One field of a message; there are millions, and tuples are made fastest.

    Attributes:
        number: Which; its name is in the message's definition.
        wire: How its value is written: `VARINT`, `FIXED64`, `BYTES` or `FIXED32`.
        value: The number, of a VARINT; otherwise 0.
        start: Where the value begins, in bytes of the content.
        end: Where it ends.
    """

    number: int
    wire: int
    value: int
    start: int
    end: int

    @property
    def signed(self) -> int:
        """The number as int64 has it."""
        return self.value - 2 * _SIGN if self.value >= _SIGN else self.value


@dataclass(frozen=True, slots=True)
class Message:
    """A message, or a part of a content that is read as one.

    Attributes:
        content: What it is in.
        start: Where it begins.
        end: Where it ends.
        budget: What reading may cost: a field is a step.
    """

    content: Content
    start: int
    end: int
    budget: Budget

    @classmethod
    def whole(cls, content: Content, budget: Budget) -> "Message":
        """Read a content as one message."""
        return cls(content, 0, len(content), budget)

    def fields(self) -> Iterator[Field]:
        """Yield its fields, in their order in the file.

        Raises:
            Malformed: They are no fields.
            LimitReached: They are too many.
        """
        buffer, base, _ = self.content.window()
        at, end = self.start, self.end
        while at < end:
            self.budget.steps(1)
            start = at
            key = buffer[base + at]
            if key < 0x80:  # noqa: PLR2004 -- the bit that says there is more
                at += 1
            else:
                key, at = _varint(buffer, base, at, end)
            number, wire = key >> 3, key & 7
            if not number:
                raise Malformed("it has a field without a number", start)
            field, at = self._field(number, wire, at)
            yield field

    def require(self, wires: Mapping[int, int]) -> None:
        """Make sure that it has no other fields: what one format skips can be what another one reads.

        Args:
            wires: The wire type of each field that there may be.

        Raises:
            Malformed: It has others.
            LimitReached: It has too many.
        """
        for field in self.fields():
            if wires.get(field.number) != field.wire:
                raise Malformed(f"it has the field {field.number}, which its format does not have", field.start)

    def messages(self, number: int) -> Iterator["Message"]:
        """Yield the messages in the fields of a number."""
        for field in self.fields():
            if field.number == number and field.wire == BYTES:
                yield self.inner(field)

    def inner(self, field: Field) -> "Message":
        """Read a field's value as a message."""
        return Message(self.content, field.start, field.end, self.budget)

    def raw(self, field: Field, most: int = _LONGEST_TEXT) -> bytes:
        """Copy a field's value, or its beginning."""
        return self.content.read(field.start, min(field.end - field.start, most))

    def text(self, field: Field) -> str:
        """Return a field's value as text; what is no UTF-8 in it is shown escaped."""
        return self.raw(field).decode("utf-8", "backslashreplace")

    def texts(self, number: int) -> Iterator[str]:
        """Yield the texts in the fields of a number."""
        for field in self.fields():
            if field.number == number and field.wire == BYTES:
                yield self.text(field)

    def numbers(self, field: Field) -> Iterator[int]:
        """Yield the number of a field, or the numbers that are packed in it.

        Raises:
            Malformed: They are no numbers.
            LimitReached: They are too many.
        """
        if field.wire != BYTES:
            yield field.signed
            return
        buffer, base, _ = self.content.window()
        at = field.start
        while at < field.end:
            self.budget.steps(1)
            value, at = _varint(buffer, base, at, field.end)
            yield value - 2 * _SIGN if value >= _SIGN else value

    def _field(self, number: int, wire: int, at: int) -> tuple[Field, int]:
        buffer, base, _ = self.content.window()
        if wire == VARINT:
            value, after = _varint(buffer, base, at, self.end)
            return Field(number, wire, value, at, after), after
        if wire == BYTES:
            size, at = _varint(buffer, base, at, self.end)
        elif wire in _WIDTHS:
            size = _WIDTHS[wire]
        else:
            raise Malformed(f"it has a field of the wire type {wire}", at)
        if size > self.end - at:
            raise Malformed(f"it ends within a field of {size:,} bytes", at)
        return Field(number, wire, 0, at, at + size), at + size


def begins_as(content: Content, wires: Mapping[int, int], needed: Collection[int], most: int = 64) -> bool:
    """Tell whether a content begins as a message with these fields and no others, as far as its first fields tell.

    A message that is cut off in a field that is needed counts, where another came before.

    Args:
        content: The bytes.
        wires: The wire type of each field that there may be.
        needed: Fields that must be among the first, all of them.
        most: How many fields are looked at.
    """
    missing, read = set(needed), 0
    try:
        for field in islice(Message.whole(content, Budget()).fields(), most):
            if wires.get(field.number) != field.wire:
                return False
            missing.discard(field.number)
            read += 1
    except Malformed as fault:
        return read > 0 and _cut_field(content, fault) in missing
    return not missing


def _cut_field(content: Content, fault: Malformed) -> int:
    """Return the number of the field whose value ends after the content: its key is before its length."""
    end = fault.offset or 0
    before = content.read(max(end - _VARINT_BYTES - 1, 0), min(end, _VARINT_BYTES + 1))
    length = re.search(rb"([^\x80-\xff])[\x80-\xff]*[^\x80-\xff]$", before, re.DOTALL)
    return length[1][0] >> 3 if length and length[1][0] & 7 == BYTES else 0


def _varint(buffer: bytes | mmap.mmap, base: int, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    for place in range(at, min(at + _VARINT_BYTES, end)):
        byte = buffer[base + place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 -- the bit that says there is more
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
        shift += 7
    raise Malformed("it ends within a number, or has one of more than 10 bytes", at)
