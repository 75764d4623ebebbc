"""The manifest: an unsigned in-toto statement that can be signed as it is.

Statement: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. Predicate: OpenSSF Model Signing v1.0,
https://github.com/ossf/model-signing-spec/blob/main/spec/v1.0.md, serialization method `files` with SHA-256.

The subject's digest is the SHA-256 of the files' digests one after the other. It covers neither their names nor where
one file ends: two trees can share it. What identifies a tree is the SHA-256 of the whole manifest.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted

from modelseal.artifacts.tree import name_order
from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection, short
from modelseal.errors import InputError

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
_ALGORITHM = "sha256"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """What a tree consists of.

    Attributes:
        name: What it is called; says nothing about its content.
        digests: Names and hexadecimal SHA-256 digests of its files, in the order in which they are written down.
        ignored: Names that were left out; folders stand for all their contents.
        allow_symlinks: Whether the tree has symbolic links in it that stand for files.
    """

    name: str
    digests: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...] = ()
    allow_symlinks: bool = False

    @property
    def root_digest(self) -> str:
        """The subject's digest, in hexadecimal; see above for what it does not cover."""
        return hashlib.sha256(bytes.fromhex("".join(digest for _, digest in self.digests))).hexdigest()


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
    resources = ",\n".join(
        f'      {{"name": {quoted(name)}, "algorithm": "{_ALGORITHM}", "digest": "{digest}"}}'
        for name, digest in manifest.digests
    )
    ignored = ", ".join(map(quoted, manifest.ignored))
    # An empty list is not written: the reference implementation does not either.
    ignore_paths = f', "ignore_paths": [{ignored}]' if manifest.ignored else ""
    allow_symlinks = "true" if manifest.allow_symlinks else "false"
    return f"""{{
  "_type": "{STATEMENT_TYPE}",
  "subject": [{{"name": {quoted(manifest.name)}, "digest": {{"{_ALGORITHM}": "{manifest.root_digest}"}}}}],
  "predicateType": "{PREDICATE_TYPE}",
  "predicate": {{
    "serialization": {{
      "method": "files", "hash_type": "{_ALGORITHM}", "allow_symlinks": {allow_symlinks}{ignore_paths}
    }},
    "resources": [
{resources}
    ]
  }}
}}
""".encode("ascii")


def parse(data: bytes) -> Manifest:
    """Read a manifest, ours or another tool's. Fields that the formats do not define are passed over.

    Raises:
        InputError: It is not one, contradicts itself, or has names that lead out of the tree.
    """
    try:
        return _manifest(jsontext.parse_object(data))
    except Rejection as rejection:
        raise InputError(
            f"This is not a manifest of OpenSSF Model Signing v1.0: {rejection}.",
            mend="Give a manifest that `hash-artifacts` wrote; a signature is checked by `verify`.",
        ) from rejection


def check_name(name: str) -> str:
    """Return the name of a file within a tree.

    Raises:
        Rejection: It is absolute, leads out of the tree, or is not written in the one usual way.
    """
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise Rejection(f"{short(name)} is not the name of a file within a tree")
    return name


def _manifest(statement: dict[str, object]) -> Manifest:
    _expect(statement.get("_type"), STATEMENT_TYPE, "_type")
    _expect(statement.get("predicateType"), PREDICATE_TYPE, "predicateType")
    subjects = jsontext.as_list(statement.get("subject"), "subject")
    if len(subjects) != 1:
        raise Rejection(f"it has {len(subjects)} subjects and not one")
    subject = jsontext.as_object(subjects[0], "the subject")
    predicate = jsontext.as_object(statement.get("predicate"), "predicate")
    serialization = jsontext.as_object(predicate.get("serialization"), "serialization")
    _expect(serialization.get("method"), "files", "serialization.method")
    _expect(serialization.get("hash_type"), _ALGORITHM, "serialization.hash_type")
    allow_symlinks = serialization.get("allow_symlinks")
    if not isinstance(allow_symlinks, bool):
        raise Rejection("serialization.allow_symlinks is neither true nor false")
    ignored = jsontext.as_list(serialization.get("ignore_paths", []), "serialization.ignore_paths")
    manifest = Manifest(
        jsontext.as_text(subject.get("name"), "the subject's name"),
        _digests(jsontext.as_list(predicate.get("resources"), "resources")),
        tuple(jsontext.as_text(name, "an ignored path") for name in ignored),
        allow_symlinks,
    )
    _expect(jsontext.dig(subject, "digest", _ALGORITHM), manifest.root_digest, "the subject's SHA-256")
    return manifest


def _digests(resources: list[object]) -> tuple[tuple[str, str], ...]:
    digests: dict[str, str] = {}
    for item in resources:
        resource = jsontext.as_object(item, "a resource")
        name = check_name(jsontext.as_text(resource.get("name"), "a resource's name"))
        digest = resource.get("digest")
        _expect(resource.get("algorithm"), _ALGORITHM, f"the algorithm of {short(name)}")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise Rejection(f"the digest of {short(name)} is not a SHA-256 in lower-case hexadecimal")
        if name in digests:
            raise Rejection(f"{short(name)} comes twice")
        digests[name] = digest
    if not digests:
        raise Rejection("it lists no file")
    return tuple(digests.items())


def _expect(found: object, expected: str, what: str) -> None:
    if found != expected:
        raise Rejection(f"{what} is {short(found)} and not {short(expected)}")
