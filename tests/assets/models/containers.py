"""Archives and compressed files: with attacks in them, with other bytes for other readers, and honest ones."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator

from assets.models.archives import (
    central_record,
    changed,
    end_record,
    local_record,
    sevenzipped,
    tar_changed,
    tarred,
    zipped,
)
from assets.models.case import Case, one

EVIL = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
"""A pickle that would call a program."""
DATA = b"\x80\x02}q\x00X\x01\x00\x00\x00aK\x01s."
"""A pickle of plain data."""
TEXT = b"A model, and what is to be known of it.\n" * 5

_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def lz4_framed(content: bytes) -> bytes:
    """Write one LZ4 frame with its blocks as they are: the format's own `uncompressed block`."""
    descriptor = b"\x60\x70"
    check = (_xxh32(descriptor) >> 8) & 0xFF
    return (
        b"\x04\x22\x4d\x18"
        + descriptor
        + bytes([check])
        + struct.pack("<L", len(content) | 1 << 31)
        + content
        + bytes(4)
    )


def zstd_framed(content: bytes) -> bytes:
    """Write one zstd frame with a raw block: https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1."""
    return (
        b"\x28\xb5\x2f\xfd\xa0"
        + struct.pack("<L", len(content))
        + struct.pack("<L", len(content) << 3 | 1)[:3]
        + content
    )


def zfile(content: bytes) -> bytes:
    """Write what joblib wrote before version 0.10."""
    return b"ZF" + hex(len(content)).ljust(19).encode() + zlib.compress(content)


def alone(content: bytes) -> bytes:
    """Compress with LZMA alone."""
    return lzma.compress(content, lzma.FORMAT_ALONE)


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": bz2.compress,
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "lz4": lz4_framed,
    "lzma": alone,
    "xz": lzma.compress,
    "zfile": zfile,
    "zlib": zlib.compress,
    "zstd": zstd_framed,
}


def cases() -> Iterator[Case]:
    """Make all of them."""
    for name, expected, content, why, *rules in (*_packed(), *_zips(), *_tars(), *_streams(), *_sevenzips()):
        yield one(f"containers/{name}", expected, content, why, *rules)


def _packed() -> Iterator[tuple]:
    """The same attack, and the same data, in every container there is, once and several times."""
    wraps = {
        **COMPRESSORS,
        "zip": lambda content: zipped({"a": content}),
        "zip-deflated": lambda content: zipped({"a": content}, zipfile.ZIP_DEFLATED),
        "zip-bzip2": lambda content: zipped({"a": content}, zipfile.ZIP_BZIP2),
        "zip-lzma": lambda content: zipped({"a": content}, zipfile.ZIP_LZMA),
        "tar": lambda content: tarred({"a": content}),
        "tar-gnu": lambda content: tarred({"a" * 150: content}, tarfile.GNU_FORMAT),
        "7z": lambda content: sevenzipped({"a": content}),
        "7z-copy": lambda content: sevenzipped({"a": content}, "copy"),
    }
    for name, wrap in wraps.items():
        yield f"{name}-attack", "malicious", wrap(EVIL), f"a pickle that runs a program, in {name}"
        yield f"{name}-data", "benign", wrap(DATA), f"a pickle of plain data, in {name}"
        yield f"{name}-text", "benign", wrap(TEXT), f"a text, in {name}"
    nested = EVIL
    for name in ("gzip", "zip", "xz", "tar", "zlib", "7z"):
        nested = wraps[name](nested)
    yield "nested-attack", "malicious", nested, "a pickle that runs a program, in six containers"
    yield "nested-data", "benign", wraps["gzip"](wraps["tar"](wraps["zip"](DATA))), "data in three containers"
    deep = DATA
    for _ in range(12):
        deep = zipped({"a": deep})
    yield "too-deep", "unknown", deep, "an archive in an archive, twelve times", "limit-reached"


def _zips() -> Iterator[tuple]:
    good, evil = zipped({"a": DATA, "b": TEXT}), zipped({"a": EVIL, "b": TEXT})
    yield "zip-empty", "benign", zipped({}), "an archive without members"
    yield "zip-folders", "benign", zipped({"a/": b"", "a/b": DATA}), "a folder with a member"
    yield "zip-comment", "benign", zipped({"a": DATA}, comment=b"3f2a1b" * 6), "the comment of an archive that git made"
    yield "zip-inner-zip", "benign", zipped({"inner.zip": good}), "an archive stored as another one's last member"
    yield "zip-streamed", "benign", _streamed({"a": DATA, "b": TEXT}), "sizes after the data, as Python streams"
    yield "zip-named-otherwise", "malicious", zipped({"weights.json": EVIL}), "CVE-2025-1889: a pickle by another name"
    yield "zip-wheel", "benign", zipped({"p-1.dist-info/METADATA": TEXT, "p/data.pkl": DATA}), "a package with data"
    for flag in (1, 1 << 6, 1 << 13):
        content = changed(evil, _CENTRAL, 8, struct.pack("<H", flag))
        yield f"zip-flag-{flag}", "malicious", content, "CVE-2025-1945: a flag makes readers give up", "zip-encrypted"
        content = changed(good, _LOCAL, 6, struct.pack("<H", flag))
        yield f"zip-local-flag-{flag}", "malicious", content, "CVE-2025-1945, in the member's header", "zip-encrypted"
    content = changed(changed(evil, _CENTRAL, 16, b"\0\0\0\0"), _LOCAL, 14, b"\0\0\0\0")
    yield "zip-checksum", "malicious", content, "CVE-2025-10156: a wrong checksum makes readers give up", "zip-checksum"
    content = changed(evil, _CENTRAL, 16, b"\0\0\0\0")
    yield "zip-checksum-listed", "malicious", content, "CVE-2025-10156, in the directory only", "zip-checksum"
    content = changed(evil, _LOCAL, 30, b"z")
    yield "zip-name", "malicious", content, "CVE-2025-1944: names that differ make readers give up", "zip-local-header"
    content = changed(good, _LOCAL, 8, struct.pack("<H", 8))
    yield "zip-method", "malicious", content, "one method in the directory, another in the header", "zip-local-header"
    content = changed(good, _LOCAL, 18, struct.pack("<L", 3))
    yield "zip-size", "malicious", content, "one size in the directory, another in the header", "zip-local-header"
    content = changed(changed(good, _CENTRAL, 24, struct.pack("<L", 5)), _LOCAL, 22, struct.pack("<L", 5))
    yield "zip-stated-size", "malicious", content, "stored in more bytes than it has", "zip-sizes"
    yield "zip-prefix-attack", "malicious", EVIL + good, "a pickle before an archive", "zip-unaccounted"
    yield (
        "zip-prefix",
        "malicious",
        b"MZ" + bytes(range(1, 99)) + good,
        "a program before an archive",
        "zip-unaccounted",
    )
    yield "zip-suffix", "malicious", good + EVIL, "a pickle behind an archive", "zip-unaccounted"
    yield "zip-between", "malicious", _with_gap(EVIL), "a pickle between two members", "zip-unaccounted"
    hidden = _with_gap(local_record(b"hidden", EVIL))
    yield "zip-hidden", "malicious", hidden, "a member that only readers of streams find", "zip-hidden-member"
    yield (
        "zip-hidden-data",
        "malicious",
        _with_gap(local_record(b"hidden", DATA)),
        "the same, harmless",
        "zip-hidden-member",
    )
    yield "zip-padding", "benign", _with_gap(bytes(64)), "zeros between two members, as aligned archives have them"
    yield (
        "zip-two-ends",
        "malicious",
        good[:-22] + good[-22:-2] + struct.pack("<H", len(evil)) + evil,
        ("an archive in the comment of another"),
        "zip-two-directories",
    )
    yield "zip-in-comment", "malicious", zipped({"a": DATA}, comment=EVIL), "a pickle as a comment", "zip-unaccounted"
    yield "zip-concatenated", "malicious", evil + good, "two archives one after the other", "zip-hidden-member"
    yield (
        "zip-wide-end",
        "malicious",
        _wide(),
        "CVE-2025-8291: the 64-bit end record tells another directory",
        ("zip-two-directories"),
    )
    yield (
        "zip-count",
        "malicious",
        changed(good, b"PK\x05\x06", 8, struct.pack("<HH", 1, 1)),
        ("an end record that counts fewer members than there are"),
        "zip-two-directories",
    )
    yield "zip-duplicate", "malicious", _twice(b"a", b"a"), "two members of one name", "zip-duplicate"
    yield "zip-zero-in-name", "malicious", _twice(b"a", b"b\0.txt"), "a name that ends early for some", "zip-name"
    yield (
        "zip-second-name",
        "malicious",
        _second_name(),
        "a name in an extra field that some readers prefer",
        "zip-name",
    )
    yield "zip-overlap", "malicious", _overlapping(), "two members that share their bytes", "zip-overlap"
    for index, name in enumerate(("../../.bashrc", "/etc/cron.d/x", "a/../../b", "..\\x", "C:\\x")):
        yield f"zip-path-{index}", "malicious", zipped({name: TEXT}), "a member that unpacks elsewhere", "zip-path"
    yield "zip-dots", "benign", zipped({"a/..b/c..d": DATA, "...": DATA}), "names with dots that lead nowhere"
    for index, target in enumerate((b"/etc/passwd", b"../../x")):
        content = zipped({"a": target}, external_attr=0o120777 << 16, create_system=3)
        yield f"zip-link-{index}", "malicious", content, "a link out of the archive's folder", "zip-link"
    yield "zip-link-inside", "benign", zipped({"a/b": b"c"}, external_attr=0o120777 << 16), "a link within the folder"
    yield "zip-cut-off", "unknown", good[:-30], "an archive without its directory", "unread"
    yield "zip-cut-off-attack", "malicious", evil[:60], "an attack in an archive that is cut off"


def _tars() -> Iterator[tuple]:
    good, evil = tarred({"a": DATA, "b": TEXT}), tarred({"a": EVIL})
    yield "tar-ustar", "benign", tarred({"a": DATA}, tarfile.USTAR_FORMAT), "the plainest format"
    yield "tar-long-names", "benign", tarred({"ä" * 90 + "/" + "b" * 90: DATA}), "a name in an extended header"
    yield (
        "tar-link-inside",
        "benign",
        tarred({"s/m/a": b""}, type=tarfile.SYMTYPE, linkname="../../blobs/1"),
        ("a link within the folder, as caches of hubs have them"),
    )
    for index, name in enumerate(("../../.bashrc", "/etc/cron.d/x", "a/../../b")):
        yield f"tar-path-{index}", "malicious", tarred({name: TEXT}), "a member that unpacks elsewhere", "tar-path"
    for index, target in enumerate(("/etc/passwd", "../../x")):
        content = tarred({"a": b""}, type=tarfile.SYMTYPE, linkname=target)
        yield f"tar-link-{index}", "malicious", content, "a link out of the archive's folder", "tar-link"
    content = tarred({"a": b""}, type=tarfile.LNKTYPE, linkname="../x")
    yield "tar-hard-link", "malicious", content, "a hard link out of the archive's folder", "tar-link"
    yield "tar-through-link", "malicious", _through_link(), "CVE-2025-4517: a member behind a link", "tar-link"
    yield "tar-device", "malicious", tarred({"a": b""}, type=tarfile.BLKTYPE), "a disk", "tar-device"
    yield "tar-pipe", "malicious", tarred({"a": b""}, type=tarfile.FIFOTYPE), "a pipe", "tar-device"
    yield "tar-duplicate", "malicious", _tar_twice(), "two members of one name", "tar-duplicate"
    yield "tar-trailing", "malicious", good[: 4 * 512] + bytes(1024) + evil, "an archive after the end", "tar-trailing"
    yield "tar-broken-header", "malicious", good[:1024] + b"x" + good[1025:], "a header that ends it", "tar-trailing"
    content = tarred({"a": bytes(1024)}, pax_headers={"size": "512"})
    yield "tar-two-sizes", "malicious", content, "CVE-2025-62518: two sizes of one member", "tar-header"
    yield "tar-sparse", "malicious", tar_changed(tarred({"a": bytes(512)}), 0, 156, b"S"), "holes", "tar-sparse"
    yield "tar-cut-off", "unknown", tarred({"a": bytes(2000)})[:1500], "an archive that is cut off", "unread"


def _streams() -> Iterator[tuple]:
    for name, compress in COMPRESSORS.items():
        trailing = compress(DATA) + b"\1" + EVIL
        yield f"{name}-trailing", "malicious", trailing, "a pickle behind the stream", f"{name}-trailing"
    for name in ("bzip2", "gzip", "lzma", "xz", "zlib", "zstd", "lz4"):
        compress = COMPRESSORS[name]
        yield f"{name}-two-streams", "malicious", compress(DATA) + compress(EVIL), "an attack in the second stream"
        yield f"{name}-split", "malicious", compress(EVIL[:9]) + compress(EVIL[9:]), "an attack in two streams"
    for name in ("gzip", "zlib", "zfile"):
        content = COMPRESSORS[name](EVIL + bytes(range(256)) * 9)[:-9]
        yield f"{name}-cut-off-attack", "malicious", content, "an attack in a stream that breaks after it"
        yield f"{name}-cut-off", "unknown", COMPRESSORS[name](TEXT)[:-9], "a stream that breaks", "unread"
    named = gzip.compress(DATA, mtime=0)
    for index, name in enumerate((b"../../.bashrc", b"/etc/cron.d/x")):
        content = named[:3] + b"\x08" + named[4:10] + name + b"\0" + named[10:]
        yield f"gzip-name-{index}", "malicious", content, "a name in another folder", "gzip-name"
    yield "gzip-named", "benign", named[:3] + b"\x08" + named[4:10] + b"model\0" + named[10:], "a name"
    yield "gzip-padded", "benign", named + bytes(512), "zeros behind the stream, as tapes have them"
    skipped = b"\x50\x2a\x4d\x18" + struct.pack("<L", 40) + EVIL + bytes(40 - len(EVIL))
    yield "zstd-skippable", "malicious", skipped + zstd_framed(DATA), "bytes that readers skip", "zstd-skippable"
    yield "zstd-bomb", "unknown", _bomb(), "thirty thousand times its size", "limit-reached"
    enormous = gzip.compress(DATA + bytes((65 << 20) - len(DATA)), mtime=0)
    yield "gzip-bomb", "malicious", enormous, "a thousand times its size", "decompression-bomb"
    yield "zip-bomb", "unknown", zipped({"a": _bomb()}), "the same in an archive", "limit-reached"
    table = b"\x5e\x2a\x4d\x18" + struct.pack("<L", 40) + bytes(36) + b"\xb1\xea\x92\x8f"
    yield "zstd-seekable", "benign", zstd_framed(DATA) + table, "a table of frames"


def _sevenzips() -> Iterator[tuple]:
    evil = sevenzipped({"archive/data.pkl": EVIL + b"\1broken", "archive/version": b"3\n"})
    yield "7z-nullifai", "malicious", evil, "a broken pickle in a 7z archive, as on a hub in 2025"
    yield "7z-encrypted", "malicious", sevenzipped({"a": DATA}, "aes"), "nobody can look into it", "7z-encrypted"
    yield "7z-header", "malicious", evil[:8] + b"\0" + evil[9:], "a wrong checksum makes readers give up", "7z-header"
    yield "7z-path", "malicious", sevenzipped({"../../.bashrc": TEXT}), "a file that unpacks elsewhere", "7z-path"
    yield "7z-trailing", "malicious", sevenzipped({"a": DATA}) + EVIL, "a pickle behind the archive", "7z-trailing"
    yield "7z-files", "benign", sevenzipped({"a": DATA, "b/c": TEXT}), "two files"
    yield "7z-cut-off", "unknown", sevenzipped({"a": DATA})[:40], "an archive that is cut off", "unread"


def _streamed(members: dict[str, bytes]) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return pipe.getvalue()


def _joined(records: list[bytes], directory: list[bytes], comment: bytes = b"") -> bytes:
    before, listed = b"".join(records), b"".join(directory)
    return before + listed + end_record(len(directory), len(listed), len(before), comment)


def _with_gap(gap: bytes) -> bytes:
    first, second = local_record(b"a", DATA), local_record(b"b", TEXT)
    listed = [central_record(b"a", DATA, 0), central_record(b"b", TEXT, len(first) + len(gap))]
    return _joined([first, gap, second], listed)


def _twice(first: bytes, second: bytes) -> bytes:
    records = [local_record(first, DATA), local_record(second, EVIL)]
    return _joined(records, [central_record(first, DATA, 0), central_record(second, EVIL, len(records[0]))])


def _second_name() -> bytes:
    other = b"\x01" + struct.pack("<L", zlib.crc32(b"a")) + b"data.pkl"
    extra = struct.pack("<HH", 0x7075, len(other)) + other
    return _joined([local_record(b"a", DATA)], [central_record(b"a", DATA, 0, extra=extra)])


def _overlapping() -> bytes:
    inner = local_record(b"b", DATA)
    outer = local_record(b"a", inner)
    listed = [central_record(b"a", inner, 0), central_record(b"b", DATA, len(outer) - len(inner))]
    return _joined([outer], listed)


def _wide() -> bytes:
    """Make an archive whose plain end record and whose 64-bit one tell different directories."""
    first, second = local_record(b"a", DATA), local_record(b"a", EVIL)
    one_listed, other_listed = central_record(b"a", DATA, 0), central_record(b"a", EVIL, len(first))
    before = first + second
    sizes = (1, 1, len(one_listed), len(before))
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *sizes)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(before) + len(one_listed) + len(other_listed), 1)
    end = end_record(1, len(other_listed), len(before) + len(one_listed))
    return before + one_listed + other_listed + wide + locator + end


def _bomb() -> bytes:
    """Make a zstd frame of two kilobytes for eighty megabytes: each block repeats one byte."""
    size, block = 80 << 20, 128 << 10
    repeated = struct.pack("<L", block << 3 | 1 << 1)[:3] + b"\0"
    last = struct.pack("<L", block << 3 | 1 << 1 | 1)[:3] + b"\0"
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<L", size) + repeated * (size // block - 1) + last


def _through_link() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "b"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("a/x"))
    return file.getvalue()


def _tar_twice() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in (("a", DATA), ("./a", EVIL)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _xxh32(content: bytes) -> int:
    """Hash fewer than sixteen bytes: https://github.com/Cyan4973/xxHash/blob/v0.8.3/doc/xxhash_spec.md."""
    primes = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1)
    mask = 0xFFFFFFFF
    value = (primes[4] + len(content)) & mask
    while len(content) >= 4:
        value = (value + int.from_bytes(content[:4], "little") * primes[2]) & mask
        value = ((value << 17 | value >> 15) * primes[3]) & mask
        content = content[4:]
    for byte in content:
        value = (value + byte * primes[4]) & mask
        value = ((value << 11 | value >> 21) * primes[0]) & mask
    value = ((value ^ value >> 15) * primes[1]) & mask
    value = ((value ^ value >> 13) * primes[2]) & mask
    return value ^ value >> 16
