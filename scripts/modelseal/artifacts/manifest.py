"""The manifest: an unsigned in-toto statement that can be signed as it is.

Statement: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. Predicate: OpenSSF Model Signing v1.0,
https://github.com/ossf/model-signing-spec/blob/main/spec/v1.0.md, serialization method `files` with SHA-256.

The subject's digest is the SHA-256 of the files' digests one after the other. It covers neither their names nor where
one file ends: two trees can share it. What identifies a tree is the SHA-256 of the whole manifest.
"""

import hashlib
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted

from modelseal.artifacts import early_manifest
from modelseal.artifacts.tree import name_order
from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection, short
from modelseal.errors import InputError

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
ITSELF = "."  # the name of the only file where a file was signed and not a folder; the subject has its real name
_ALGORITHM = "sha256"
# What others sign with, and the length of its digests in hexadecimal.
_HEX_LENGTHS = {"sha256": 64, "blake2b": 128, "blake3": 64}
_HEX = re.compile(r"[0-9a-f]+")
_LARGEST_SHARD = 1 << 53
# Parts between slashes, none of which is empty, `.` or `..`; asked of every file, and so in one go.
_NAME = re.compile(r"(?!\.{1,2}(?:/|\Z))[^/\0]+(?:/(?!\.{1,2}(?:/|\Z))[^/\0]+)*")
_SHARD = re.compile(r"(.+):(0|[1-9][0-9]{0,18}):([1-9][0-9]{0,18})", re.DOTALL)


@dataclass(frozen=True)
class Manifest:
    """What a tree consists of.

    Attributes:
        name: What it is called; says nothing about its content. Empty where early releases of others left it out.
        digests: Names and hexadecimal SHA-256 digests of its files, in the order in which they are written down.
        ignored: Names that were left out; folders stand for all their contents.
        allow_symlinks: Whether the tree has symbolic links in it that stand for files.
        hash_type: `sha256`; only others use `blake2b` and `blake3`.
        shard_size: In bytes, where each file was cut into shards, which only others do; 0 where it was not. The digests
            are then those of shards, which are named `file:start:end`.
    """

    name: str
    digests: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...] = ()
    allow_symlinks: bool = False
    hash_type: str = _ALGORITHM
    shard_size: int = 0

    @property
    def root_digest(self) -> str:
        """The subject's digest, in hexadecimal; see above for what it does not cover."""
        return hashlib.sha256(bytes.fromhex("".join(digest for _, digest in self.digests))).hexdigest()

    @property
    def is_ours(self) -> bool:
        """Whether it is of the one kind that we make: a SHA-256 for each whole file of a folder."""
        return self.hash_type == _ALGORITHM and not self.shard_size and not self._is_one_file

    @property
    def _is_one_file(self) -> bool:
        return len(self.digests) == 1 and self.digests[0][0] == ITSELF


def make(
    name: str, digests: Iterable[tuple[str, str]], *, ignored: Iterable[str] = (), allow_symlinks: bool = False
) -> Manifest:
    """Make the manifest of files in whatever order they come."""
    return Manifest(
        name,
        tuple(sorted(digests, key=lambda item: name_order(item[0]))),
        tuple(sorted(ignored, key=name_order)),
        allow_symlinks,
    )


def encode(manifest: Manifest) -> bytes:
    r"""Write a manifest: equal manifests give equal bytes, in ASCII, one file a line.

    A byte of a name that is not UTF-8 becomes a lone surrogate (`\udcff`), as in Python. JSON allows it, but what other
    languages make of it differs.
    """
    # A list, and encoded part by part: there may be very many files.
    resources = ",\n".join(
        [
            f'      {{"name": {quoted(name)}, "algorithm": "{_ALGORITHM}", "digest": "{digest}"}}'
            for name, digest in manifest.digests
        ]
    ).encode("ascii")
    ignored = ", ".join(map(quoted, manifest.ignored))
    # An empty list is not written: the reference implementation does not either.
    ignore_paths = f', "ignore_paths": [{ignored}]' if manifest.ignored else ""
    allow_symlinks = "true" if manifest.allow_symlinks else "false"
    head = f"""{{
  "_type": "{STATEMENT_TYPE}",
  "subject": [{{"name": {quoted(manifest.name)}, "digest": {{"{_ALGORITHM}": "{manifest.root_digest}"}}}}],
  "predicateType": "{PREDICATE_TYPE}",
  "predicate": {{
    "serialization": {{
      "method": "files", "hash_type": "{_ALGORITHM}", "allow_symlinks": {allow_symlinks}{ignore_paths}
    }},
    "resources": [
"""
    return b"".join((head.encode("ascii"), resources, b"\n    ]\n  }\n}\n"))


def parse(data: bytes) -> Manifest:
    """Read a manifest of the kind that we make: a SHA-256 for each whole file. Unknown fields are passed over.

    Raises:
        InputError: It is not one, contradicts itself, or has names that lead out of the tree.
    """
    read = _read(data, _manifest)
    if not read.is_ours:
        raise _refused("it does not have the SHA-256 of each whole file of a folder")
    if both := _listed_and_ignored(read):
        raise _refused(f"{short(both)} is listed and left out too, and others would not look at it")
    return read


def parse_any(data: bytes) -> Manifest:
    """Read a manifest of any kind that OpenSSF Model Signing v1.0 knows, or of model_signing 0.2, as others sign them.

    Raises:
        InputError: As for `parse`.
    """
    return _read(data, _of_any_release)


def _read(data: bytes, reader: Callable[[dict[str, object]], Manifest]) -> Manifest:
    try:
        return reader(jsontext.parse_object(data))
    except Rejection as rejection:
        raise _refused(str(rejection)) from rejection


def _listed_and_ignored(read: Manifest) -> str:
    """Return the first file that is in what the manifest says it leaves out; empty if there is none."""
    folders = tuple(f"{posixpath.normpath(name)}/" for name in read.ignored)
    return next((name for name, _ in read.digests if f"{name}/".startswith(folders)), "") if folders else ""


def shard_of(name: str) -> tuple[str, int, int]:
    """Return the file that a shard's name names, and where in it the shard begins and ends.

    Raises:
        Rejection: It is not the name of a shard.
    """
    match = _SHARD.fullmatch(name)
    if match is None or int(match[2]) >= int(match[3]):
        raise Rejection(f"{short(name)} is not the name of a shard")
    return match[1] if match[1] == ITSELF else check_name(match[1]), int(match[2]), int(match[3])


def check_name(name: str) -> str:
    """Return the name of a file within a tree.

    Raises:
        Rejection: It is absolute, leads out of the tree, or is not written in the one usual way.
    """
    if not _NAME.fullmatch(name):
        raise Rejection(f"{short(name)} is not the name of a file within a tree")
    return name


def _refused(why: str) -> InputError:
    return InputError(
        f"This is not a manifest of OpenSSF Model Signing v1.0: {why}.",
        mend="Give a manifest that `hash-artifacts` wrote; a signature is checked by `verify`.",
    )


def _manifest(statement: dict[str, object]) -> Manifest:
    _expect(statement.get("_type"), STATEMENT_TYPE, "_type")
    _expect(statement.get("predicateType"), PREDICATE_TYPE, "predicateType")
    subjects = jsontext.as_list(statement.get("subject"), "subject")
    if len(subjects) != 1:
        raise Rejection(f"it has {len(subjects)} subjects and not one")
    subject = jsontext.as_object(subjects[0], "the subject")
    predicate = jsontext.as_object(statement.get("predicate"), "predicate")
    serialization = jsontext.as_object(predicate.get("serialization"), "serialization")
    shard_size = _shard_size(serialization)
    hash_type = serialization.get("hash_type")
    if isinstance(hash_type, str) and shard_size:
        hash_type = hash_type.removesuffix(f"-sharded-{shard_size}")  # model_signing before its release 1.0
    if not isinstance(hash_type, str) or hash_type not in _HEX_LENGTHS:
        raise Rejection(f"serialization.hash_type is {short(hash_type)}, and none of {', '.join(_HEX_LENGTHS)}")
    allow_symlinks = serialization.get("allow_symlinks")
    if not isinstance(allow_symlinks, bool):
        raise Rejection("serialization.allow_symlinks is neither true nor false")
    ignored = jsontext.as_list(serialization.get("ignore_paths", []), "serialization.ignore_paths")
    manifest = Manifest(
        jsontext.as_text(subject.get("name"), "the subject's name"),
        _digests(jsontext.as_list(predicate.get("resources"), "resources"), hash_type, shard_size),
        tuple(jsontext.as_text(name, "an ignored path") for name in ignored),
        allow_symlinks,
        hash_type,
        shard_size,
    )
    _expect(jsontext.dig(subject, "digest", _ALGORITHM), manifest.root_digest, "the subject's SHA-256")
    return manifest


def _of_any_release(statement: dict[str, object]) -> Manifest:
    if statement.get("predicateType") != early_manifest.PREDICATE_TYPE:
        return _manifest(statement)
    return Manifest("", _digests(early_manifest.resources(statement), _ALGORITHM, 0))


def _shard_size(serialization: Mapping[str, object]) -> int:
    """Return the size of shards in bytes, 0 for whole files.

    Numbers of a protobuf `Struct` are floating, and come as `1000000000.0`.
    """
    method = serialization.get("method")
    if method == "files":
        return 0
    _expect(method, "shards", "serialization.method")
    size = serialization.get("shard_size")
    if isinstance(size, float) and size.is_integer():
        size = int(size)
    if type(size) is not int or not 0 < size < _LARGEST_SHARD:
        raise Rejection(f"serialization.shard_size is {short(size)}, and no number of bytes")
    return size


def _digests(resources: list[object], hash_type: str, shard_size: int) -> tuple[tuple[str, str], ...]:
    """Read the list of files: in one go where nothing is unusual about it, for there may be very many."""
    if not shard_size and (digests := _usual_digests(resources, hash_type)):
        return digests
    return _each_digest(resources, hash_type, shard_size)


def _usual_digests(resources: list[object], hash_type: str) -> tuple[tuple[str, str], ...]:
    """Return names and digests if all of them are as `_each_digest` wants them; nothing if one may not be."""
    found: list[tuple[str, str]] = [
        (item.get("name", ""), item.get("digest", ""))
        for item in resources
        if isinstance(item, dict) and item.get("algorithm") == hash_type
    ]
    try:
        digests = dict(found)
        fine = _are_names(digests) and _are_digests(digests.values(), _HEX_LENGTHS[hash_type])
    except TypeError:  # not all of them are texts
        return ()
    return tuple(found) if fine and len(digests) == len(resources) else ()


def _are_names(names: Collection[str]) -> bool:
    """Tell whether `check_name` would take all of them."""
    text = "/" + "/\0/".join(names) + "/"
    return text.count("\0") == len(names) - 1 and not any(part in text for part in ("//", "/./", "/../"))


def _are_digests(digests: Collection[str], length: int) -> bool:
    """Tell whether all are of a length and in lower-case hexadecimal; `_HEX` takes six times as long."""
    text = "".join(digests)
    try:
        return set(map(len, digests)) == {length} and bytes.fromhex(text).hex() == text
    except ValueError:
        return False


def _each_digest(resources: list[object], hash_type: str, shard_size: int) -> tuple[tuple[str, str], ...]:
    digests: dict[str, str] = {}
    length = _HEX_LENGTHS[hash_type]
    # The reference implementation names the size again with each shard; the specification does not.
    algorithms = {hash_type, f"{hash_type}-sharded-{shard_size}"} if shard_size else {hash_type}
    for item in resources:
        resource = jsontext.as_object(item, "a resource")
        name = jsontext.as_text(resource.get("name"), "a resource's name")
        if shard_size:
            shard_of(name)
        elif name != ITSELF or len(resources) > 1:
            check_name(name)
        digest, algorithm = resource.get("digest"), resource.get("algorithm")
        if not isinstance(algorithm, str) or algorithm not in algorithms:
            _expect(algorithm, hash_type, f"the algorithm of {short(name)}")
        if not isinstance(digest, str) or len(digest) != length or not _HEX.fullmatch(digest):
            raise Rejection(f"the digest of {short(name)} is not {length} lower-case hexadecimal digits")
        if name in digests:
            raise Rejection(f"{short(name)} comes twice")
        digests[name] = digest
    if not digests:
        raise Rejection("it lists no file")
    if shard_size and {shard_of(name)[0] for name in digests} > {ITSELF}:
        check_name(ITSELF)  # a file that was signed alone is not among others
    return tuple(digests.items())


def _expect(found: object, expected: str, what: str) -> None:
    if found != expected:
        raise Rejection(f"{what} is {short(found)} and not {short(expected)}")
