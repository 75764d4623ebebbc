"""Checkpoints: a signed word on how many entries a log has, and which.

They are those of transparency logs, so that others' tools can make and check them: a note
(https://c2sp.org/signed-note) whose text is a tree head (https://c2sp.org/tlog-checkpoint). Ed25519 keys sign as type
0x01, EC keys as type 0x02, which is ECDSA over SHA-256 whatever the curve, as Sigstore's transparency log signs its
own. There is no type for RSA keys.

The same key may sign statements: what is signed there begins with `DSSEv1` and a space, and the first line here, the
origin, never has a space in it. So neither can be taken for the other.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

MAX_BYTES = 256 * 1024  # room for many signatures of witnesses
_MAX_SIGNATURES = 64
_ED25519, _ECDSA = 0x01, 0x02
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,255}")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_ROOT_BYTES = 32
_KEY_ID_BYTES = 4


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log's Merkle tree.

    Attributes:
        origin: The log's name, which is the signing key's name too: an address without a scheme, by convention.
        size: How many entries.
        root: The root of the tree over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign(checkpoint: Checkpoint, key: PrivateKey) -> bytes:
    """Sign a checkpoint, and return the note.

    Raises:
        InputError: The origin cannot be a key's name, or there is no such signature with this kind of key.
    """
    refuse_unfit(checkpoint.origin)
    public_key = key.public_key()
    key_id = _key_id(checkpoint.origin, public_key)
    text = checkpoint.text.encode()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(text)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(text, ec.ECDSA(hashes.SHA256()))
    else:
        raise _no_type()
    line = f"\n— {checkpoint.origin} {base64.b64encode(key_id + signature).decode()}\n"
    return text + line.encode()


def verify(note: bytes, key: PublicKey, origin: str = "") -> Checkpoint:
    """Return the checkpoint that a note holds, if this key signed it. Signatures of other keys are left aside.

    Args:
        note: The whole file.
        key: The log's public key.
        origin: The name that the log and its key must have; empty to take the one in the note.

    Raises:
        Rejection: It is no checkpoint, is of another log, is not signed with this key, or was changed.
        InputError: There is no such signature with this kind of key.
    """
    text, signatures = _parts(note)
    checkpoint = _checkpoint(text)
    if origin and checkpoint.origin != origin:
        raise Rejection(f"it is of another log, {checkpoint.origin[:200]!r}")
    known = (checkpoint.origin, _key_id(checkpoint.origin, key))
    own = [signature for name, key_id, signature in signatures if (name, key_id) == known]
    if not own:
        raise Rejection("it is not signed with this key under the name of its log")
    for signature in own:
        try:
            if isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(signature, text)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Rejection("its signature does not fit the public key and the content") from None
    return checkpoint


def verifier_key(origin: str, key: PublicKey) -> str:
    """Return the public key in the form that tools for notes take: `name+key ID+base64 of type and key`."""
    material = base64.b64encode(_material(key)).decode()
    return f"{origin}+{_key_id(origin, key).hex()}+{material}"


def refuse_unfit(origin: str) -> None:
    """Refuse an origin that cannot be the name of a key.

    Raises:
        InputError: It is empty or too long, or has a space or a plus sign in it.
    """
    if not _NAME.fullmatch(origin):
        raise InputError(
            f"{origin[:100]!r} cannot be the name of a log.",
            where="input `origin`",
            mend="Use something like `example.com/audit-log`, without spaces and plus signs.",
        )


def _material(key: PublicKey) -> bytes:
    """Return the type's byte and the key, as the type encodes it."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return bytes([_ED25519]) + raw
    if isinstance(key, ec.EllipticCurvePublicKey):
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return bytes([_ECDSA]) + der
    raise _no_type()


def _key_id(name: str, key: PublicKey) -> bytes:
    """Return the first four bytes of a hash: for ECDSA of the key alone, by the specification."""
    material = _material(key)
    hashed = material[1:] if material[0] == _ECDSA else name.encode() + b"\n" + material
    return hashlib.sha256(hashed).digest()[:_KEY_ID_BYTES]


def _no_type() -> InputError:
    return InputError(
        "Checkpoints cannot be signed with an RSA key: the format of signed notes has no such signature.",
        mend="Use an Ed25519 or an EC key for the audit log.",
    )


def _parts(note: bytes) -> tuple[bytes, list[tuple[str, bytes, bytes]]]:
    """Take a note apart: its text, and of each signature the key's name, the key's ID and the signature itself."""
    if len(note) > MAX_BYTES:
        raise Rejection("it is larger than any checkpoint")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise Rejection("it is not UTF-8 text") from error
    if any(character < " " and character != "\n" for character in whole):
        raise Rejection("it has control characters in it")
    text, blank, rest = whole.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise Rejection("it is not a signed note: a text, a blank line, and signatures")
    lines = rest[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise Rejection(f"it has more than {_MAX_SIGNATURES} signatures")
    return f"{text}\n".encode(), [_signature(each) for each in lines]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    found = _SIGNATURE.fullmatch(line)
    blob = _base64(found[2]) if found else b""
    if found is None or len(blob) <= _KEY_ID_BYTES:
        raise Rejection("a line below its blank line is no signature")
    return found[1], blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:]


def _checkpoint(text: bytes) -> Checkpoint:
    origin, size, root, *extensions = [*text.decode().removesuffix("\n").split("\n"), "", ""][
        : max(3, text.count(b"\n"))
    ]
    if "" in extensions:
        raise Rejection("it is not the checkpoint of a log: one of its lines is empty")
    if not _NAME.fullmatch(origin) or not _SIZE.fullmatch(size):
        raise Rejection("it is not the checkpoint of a log: its origin or its size cannot be one")
    decoded = _base64(root)
    if len(decoded) != _ROOT_BYTES:
        raise Rejection("it is not the checkpoint of a log: its root is no SHA-256")
    return Checkpoint(origin, int(size), decoded)


def _base64(text: str) -> bytes:
    """Decode, if it is the one way to write these bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""
