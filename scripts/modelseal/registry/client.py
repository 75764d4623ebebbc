"""Ask a registry: what a tag means, for a manifest, for a blob."""

import contextlib
import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelseal.registry.connection import Answer, Question
from modelseal.registry.content import INDEXES, MANIFESTS, Descriptor, Manifest, is_digest
from modelseal.registry.faults import RegistryError, Unavailable
from modelseal.registry.part import Part
from modelseal.registry.reference import Reference
from modelseal.registry.session import Session

logger = logging.getLogger(__name__)

_MANIFEST_BYTES = 4 * 1024 * 1024  # what the specification asks registries to accept
_PROGRESS_SECONDS = 5.0
_PROGRESS_BYTES = 1024 * 1024
_OK, _PARTIAL = 200, 206
_MANIFEST_TYPES = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}


@dataclass(frozen=True)
class Client(Session):
    """Reads from registries."""

    def resolve(self, reference: Reference) -> str:
        """Return the digest that a reference means now. It is the registry's word until the manifest is read.

        Raises:
            RegistryError: It has no such thing, does not let us read it, or does not answer.
        """
        if reference.digest:
            return reference.digest

        def ask() -> str:
            with self._answer(reference, "HEAD", f"manifests/{reference.tag}", _MANIFEST_TYPES) as answer:
                return answer.header("Docker-Content-Digest")

        digest = self.tried(reference, ask)
        # The header is optional; and a HEAD that leaves it out costs one request more, never the answer.
        return digest if is_digest(digest) else self.manifest(reference).digest

    def manifest(self, reference: Reference) -> Manifest:
        """Return a manifest or index: by its digest, which it then has, or by its tag.

        Raises:
            RegistryError: It cannot be had, is longer than 4 MiB, or is something else.
        """
        name = reference.digest or reference.tag

        def ask() -> Manifest:
            with self._answer(reference, "GET", f"manifests/{name}", _MANIFEST_TYPES) as answer:
                content = answer.content(_MANIFEST_BYTES)
                media_type = answer.header("Content-Type").partition(";")[0].strip().lower()
                said = answer.header("Docker-Content-Digest")
            return self._checked(reference, content, media_type, said)

        return self.tried(reference, ask)

    def blob(self, reference: Reference, blob: Descriptor, file: Path) -> None:
        """Fetch a blob into a file, whose size and digest are then those of its descriptor.

        Args:
            reference: Whose registry and repository to ask.
            blob: What to fetch.
            file: Where to. What is there already is taken for its beginning.

        Raises:
            RegistryError: It cannot be had, or is another one; then the file is emptied.
            ToolError: The file cannot be written.
        """
        with Part(file, blob.size) as part:
            older = part.size > 0
            while True:
                if part.size < blob.size:
                    self._fetch(reference, blob, part)
                if part.digest == blob.digest:
                    return
                found = part.digest
                part.restart()
                if not older:
                    raise RegistryError(
                        f"{reference.host} gave another blob: {found}.", where=f"{reference}, {blob.digest}"
                    )
                older = False  # its beginning may be from an earlier run, and wrong

    def content(self, reference: Reference, blob: Descriptor, limit: int) -> bytes:
        """Return a small blob, whose size and digest are those of its descriptor.

        Raises:
            RegistryError: It cannot be had, is another one, or is larger than `limit` bytes.
        """
        where = f"{reference}, {blob.digest}"
        if blob.size > limit:
            raise RegistryError(
                f"A blob of {blob.size} bytes is larger than what is read of such, {limit}.", where=where
            )

        def ask() -> bytes:
            with self._answer(reference, "GET", f"blobs/{blob.digest}", {}, long=True) as answer:
                return answer.content(blob.size)

        content = self.tried(reference, ask)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if len(content) != blob.size or digest != blob.digest:
            raise RegistryError(f"{reference.host} gave another blob: {digest}.", where=where)
        return content

    def _fetch(self, reference: Reference, blob: Descriptor, part: Part) -> None:
        """Go on until all is there. Attempts count since there was progress last."""
        while part.size < blob.size:
            before = part.size

            def go_on(before: int = before) -> None:
                try:
                    self._continue(reference, blob, part)
                except Unavailable as error:
                    if part.size < before + _PROGRESS_BYTES:
                        raise
                    logger.info("%s Going on at %d MB.", error.what, part.size // 10**6)

            self.tried(reference, go_on)

    def _continue(self, reference: Reference, blob: Descriptor, part: Part) -> None:
        headers = {"Range": f"bytes={part.size}-"} if part.size else {}
        with self._answer(reference, "GET", f"blobs/{blob.digest}", headers, long=True) as answer:
            start = re.match(r"bytes (\d{1,19})-", answer.header("Content-Range"))
            if part.size and (answer.status != _PARTIAL or start is None or int(start[1]) != part.size):
                part.restart()
                if answer.status != _OK:
                    raise Unavailable(f"{answer.host} does not go on where we were.", where=str(reference))
            declared = answer.header("Content-Length")
            if declared.isdecimal() and declared != str(blob.size - part.size):
                raise RegistryError(
                    f"{answer.host} announces {declared[:20]} bytes where {blob.size - part.size} are missing.",
                    where=f"{reference}, {blob.digest}",
                )
            self._copy(answer, blob, part, str(reference))
        if part.size < blob.size:
            raise Unavailable(f"The connection to {answer.host} ended after {part.size} of {blob.size} bytes.")

    def _copy(self, answer: Answer, blob: Descriptor, part: Part, name: str) -> None:
        told = checked = self.clock.now()
        before = part.size
        for chunk in answer.chunks():
            if part.size + len(chunk) > blob.size:
                part.restart()
                raise RegistryError(f"{answer.host} gave more than the {blob.size} bytes of a blob.", where=name)
            part.append(chunk)
            now = self.clock.now()
            if now - told > _PROGRESS_SECONDS:
                told = now
                logger.info("%s: %d of %d MB", name, part.size // 10**6, blob.size // 10**6)
            if now - checked > self.limits.stall_seconds:
                if part.size - before < self.limits.stall_bytes:
                    raise Unavailable(
                        f"{answer.host} is too slow: {part.size - before} bytes in {now - checked:.0f} seconds."
                    )
                checked, before = now, part.size

    def _checked(self, reference: Reference, content: bytes, media_type: str, said: str) -> Manifest:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if media_type not in (*MANIFESTS, *INDEXES):
            shown = re.sub(r"[^ -~]", "?", media_type)[:100] or "something without a type"
            page = " A proxy or a login page may stand between." if media_type == "text/html" else ""
            raise RegistryError(f"{reference.host} gave {shown}, not a manifest.{page}", where=str(reference))
        expected = reference.digest or (said if is_digest(said) else digest)
        if digest != expected:
            raise RegistryError(f"{reference.host} gave another manifest, {digest}.", where=f"{reference}, {expected}")
        return Manifest(content, media_type, digest)

    def _answer(
        self, reference: Reference, method: str, path: str, headers: Mapping[str, str], *, long: bool = False
    ) -> contextlib.AbstractContextManager[Answer]:
        url = f"{reference.origin}/v2/{reference.repository}/{path}"
        return self.answer(reference, Question(method, url, headers), long=long)
