"""Pointers of Git LFS, and what only looks like one."""

from collections.abc import Iterator

from assets.models.case import Case, one

_DIGEST = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
_POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{_DIGEST}\nsize 12345\n"
_PAYLOAD = b"cposix\nsystem\n(S'id'\ntR."


def cases() -> Iterator[Case]:
    """Make them."""
    for ending in ("safetensors", "onnx", "pkl", "bin"):
        name, why = f"git-lfs/{ending}", "a repository was cloned without its large files"
        yield one(name, "unknown", _POINTER.encode(), why, "git-lfs-pointer", file=f"model.{ending}")
    extended = _POINTER.replace("oid", f"ext-0-foo sha256:{_DIGEST}\noid", 1)
    yield one("git-lfs/extension", "unknown", extended.encode(), "an extension has changed the file", "git-lfs-pointer")
    short = _POINTER.replace("oid", "old")
    yield one("git-lfs/misspelled", "malicious", short.encode(), "no pointer", "disguised", file="model.safetensors")
    behind = _POINTER.encode() + _PAYLOAD
    yield one("git-lfs/pickle-behind", "malicious", behind, "a pickle behind a pointer", file="model.safetensors")
    yield one("git-lfs/prose", "benign", f"A pointer is like this:\n{_POINTER}".encode(), "a text", file="README.md")
