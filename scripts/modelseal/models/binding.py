"""Hold the files that were looked into against a manifest: a verdict is about these very bytes, or about none."""

from collections.abc import Sequence

from modelseal.artifacts.manifest import Manifest
from modelseal.errors import InputError, VerificationFailed
from modelseal.models.inspection import FileReport
from modelseal.report.markdown import visible

_SHOWN = 20


def require(reports: Sequence[FileReport], manifest: Manifest, source: str) -> None:
    """Refuse files that are not those of a manifest: changed, missing or not named in it.

    Args:
        reports: What was looked into, with digests of the bytes that were.
        manifest: What there should be.
        source: What the manifest's file is called, for errors.

    Raises:
        InputError: The manifest is not of the kind that can be compared.
        VerificationFailed: They are others; every difference is named, up to twenty.
    """
    if not manifest.is_ours:
        raise InputError(
            "The manifest does not have the SHA-256 of each whole file.",
            where=source,
            mend="Give the manifest that `hash-artifacts` wrote.",
        )
    expected, present = dict(manifest.digests), {item.name: item.sha256 for item in reports}
    different = [
        *(
            f"{'changed' if present[name] else 'not read to its end'}: {name}"
            for name in expected
            if name in present and present[name] != expected[name]
        ),
        *(f"missing: {name}" for name in expected if name not in present),
        *(f"not in the manifest: {name}" for name in present if name not in expected),
    ]
    if not different:
        return
    more = [f"and {len(different) - _SHOWN} more"] if len(different) > _SHOWN else []
    said = "; ".join([*map(visible, different[:_SHOWN]), *more])
    raise VerificationFailed(
        f"The files are not those of the manifest: {said}.",
        where=source,
        mend="Hash the files that are to be released, and scan those; nothing was concluded about these.",
    )
