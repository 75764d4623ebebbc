"""Pictures, sounds, films, fonts and printed pages: data that people look at, and no loader follows."""

from modelseal.models.content import Content
from modelseal.models.format import Format

_MAGIC = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"\0\0\1\0",
    b"%PDF-",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\xff\xfb",
    b"\xff\xf3",
    b"\x1aE\xdf\xa3",
    b"wOFF",
    b"wOF2",
    b"\0\1\0\0\0",
    b"OTTO",
)
_RIFF = (b"WEBP", b"WAVE", b"AVI ")


def recognises(content: Content) -> bool:
    """Tell whether bytes begin as such files do."""
    head = content.read(0, 32)
    return (
        head.startswith(_MAGIC)
        or (head[:4] == b"RIFF" and head[8:12] in _RIFF)
        or (head[4:8] == b"ftyp" and head[:2] == b"\0\0")
        or (head[:2] == b"BM" and int.from_bytes(head[2:6], "little") == len(content))
    )


FORMAT = Format(
    name="media",
    title="a picture, sound or document",
    recognises=recognises,
    inspect=lambda content, budget: (),  # noqa: ARG005 -- there is nothing to look for
    data=True,
    last=True,
)
