"""What the header of a 7z archive says: where packed bytes are, how they unpack, and which files are in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modelseal.models.faults import Malformed
from modelseal.models.sevenzip.reading import Reader

END, HEADER, _ARCHIVE, _ADDITIONAL, MAIN, FILES, _PACK, _UNPACK, _SUB = range(9)
_SIZES, _DIGESTS, _FOLDER, _CODER_SIZES, _COUNTS, _EMPTY, _EMPTY_FILE, _ANTI, _NAMES = range(9, 18)
ENCODED = 0x17

_MOST_CODERS = 32


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of unpacking.

    Attributes:
        method: Its id.
        inputs: How many streams it takes.
        outputs: How many it gives.
        properties: What it must know.
    """

    method: bytes
    inputs: int
    outputs: int
    properties: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """What is unpacked as one.

    Attributes:
        coders: The steps, in no order.
        bound: For the input of a step, by its number, the output of another that it takes.
        packed: How many packed streams it is made from.
        sizes: What each output gives, in bytes.
        parts: Sizes of the files in it, one after the other.
    """

    coders: tuple[Coder, ...]
    bound: Mapping[int, int]
    packed: int
    sizes: tuple[int, ...] = ()
    parts: tuple[int, ...] | None = None

    @property
    def chain(self) -> tuple[Coder, ...] | None:
        """The steps from the files to the packed bytes; None where some of them take several streams."""
        if self.packed != 1 or any((coder.inputs, coder.outputs) != (1, 1) for coder in self.coders):
            return None
        order: list[Coder] = []
        step = self._last
        while step is not None and len(order) < len(self.coders):
            order.append(self.coders[step])
            step = self.bound.get(step)
        return tuple(order) if len(order) == len(self.coders) else None

    @property
    def size(self) -> int:
        """How many bytes it unpacks to."""
        return self.sizes[self._last] if self._last is not None else 0

    @property
    def files(self) -> tuple[int, ...]:
        """Sizes of the files in it; one file where nothing else is said."""
        return (self.size,) if self.parts is None else self.parts

    @property
    def _last(self) -> int | None:
        taken = set(self.bound.values())
        return next((output for output in range(len(self.sizes)) if output not in taken), None)


@dataclass(frozen=True, slots=True)
class Streams:
    """What is packed.

    Attributes:
        position: Where it begins, after the signature.
        packed: Sizes of the packed streams, in bytes.
        folders: What they unpack to.
    """

    position: int = 0
    packed: tuple[int, ...] = ()
    folders: tuple[Folder, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A file or a folder in an archive.

    Attributes:
        name: Its name; never trusted.
        empty: Whether it has no bytes.
    """

    name: str
    empty: bool


def streams(reader: Reader) -> Streams:
    """Read what is packed.

    Raises:
        Malformed: It is not in order.
    """
    position, packed, folders = 0, (), ()  # type: int, tuple[int, ...], tuple[Folder, ...]
    while (kind := reader.byte()) != END:
        if kind == _PACK:
            position, packed = _pack(reader)
        elif kind == _UNPACK:
            folders = _folders(reader)
        elif kind == _SUB:
            folders = _parts(reader, folders)
        else:
            raise Malformed("it has a header with a part that is not known")
    return Streams(position, packed, folders)


def files(reader: Reader) -> list[File]:
    """Read which files there are.

    Raises:
        Malformed: It is not in order.
    """
    count = reader.count()
    empty, names = [False] * count, [""] * count
    while (kind := reader.byte()) != END:
        size = reader.number()
        if kind == _EMPTY:
            empty = reader.bits(count)
        elif kind == _NAMES:
            names = _names(reader, size)
        else:
            reader.bytes(size)
    if len(names) != count:
        raise Malformed("it does not have a name for each of its files")
    return [File(name, missing) for name, missing in zip(names, empty, strict=True)]


def skip_properties(reader: Reader) -> None:
    """Read past the archive's own properties."""
    while reader.byte() != END:
        reader.bytes(reader.number())


def _names(reader: Reader, size: int) -> list[str]:
    if reader.byte():
        raise Malformed("it keeps its files' names elsewhere")
    return reader.bytes(size - 1).decode("utf-16-le", "backslashreplace").split("\0")[:-1]


def _pack(reader: Reader) -> tuple[int, tuple[int, ...]]:
    position, count = reader.number(), reader.count()
    sizes: tuple[int, ...] = ()
    while (kind := reader.byte()) != END:
        if kind == _SIZES:
            sizes = tuple(reader.number() for _ in range(count))
        else:
            _digests(reader, kind, count)
    return position, sizes


def _folders(reader: Reader) -> tuple[Folder, ...]:
    reader.expect(_FOLDER)
    count = reader.count()
    if reader.byte():
        raise Malformed("it keeps the ways in which it is packed elsewhere")
    read = [_folder(reader) for _ in range(count)]
    reader.expect(_CODER_SIZES)
    outputs = [sum(coder.outputs for coder in folder.coders) for folder in read]
    sizes = [tuple(reader.number() for _ in range(each)) for each in outputs]
    while (kind := reader.byte()) != END:
        _digests(reader, kind, count)
    return tuple(replace(folder, sizes=own) for folder, own in zip(read, sizes, strict=True))


def _folder(reader: Reader) -> Folder:
    coders = tuple(_coder(reader) for _ in range(_few(reader)))
    inputs, outputs = sum(coder.inputs for coder in coders), sum(coder.outputs for coder in coders)
    bound = {reader.number(): reader.number() for _ in range(outputs - 1)}
    packed = inputs - len(bound)
    for _ in range(packed if packed > 1 else 0):
        reader.number()
    return Folder(coders, bound, packed)


def _coder(reader: Reader) -> Coder:
    flags = reader.byte()
    method = reader.bytes(flags & 0x0F)
    inputs, outputs = (_few(reader), _few(reader)) if flags & 0x10 else (1, 1)
    return Coder(method, inputs, outputs, reader.bytes(reader.number()) if flags & 0x20 else b"")


def _few(reader: Reader) -> int:
    number = reader.number()
    if number > _MOST_CODERS:
        raise Malformed(f"it is packed in {number:,} steps, more than there are ways to pack")
    return number


def _parts(reader: Reader, folders: Sequence[Folder]) -> tuple[Folder, ...]:
    counts, kind = [1] * len(folders), reader.byte()
    if kind == _COUNTS:
        counts, kind = [reader.count() for _ in folders], reader.byte()
    given: list[tuple[int, ...]] = [() for _ in folders]
    if kind == _SIZES:
        given = [tuple(reader.number() for _ in range(count - 1)) for count in counts]
        kind = reader.byte()
    while kind != END:
        _digests(reader, kind, sum(counts))
        kind = reader.byte()
    split = zip(folders, counts, given, strict=True)
    return tuple(
        replace(folder, parts=(*sizes, max(folder.size - sum(sizes), 0)) if count else ())
        for folder, count, sizes in split
    )


def _digests(reader: Reader, kind: int, count: int) -> None:
    """Read past checksums."""
    if kind != _DIGESTS:
        raise Malformed("it has a header with a part that is not known")
    reader.bytes(4 * sum(reader.optional_bits(count)))
