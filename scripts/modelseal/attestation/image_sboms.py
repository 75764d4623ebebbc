"""SBOMs that are to be stated about an image: refused now, if whoever verifies them later would refuse them."""

from collections.abc import Iterable, Mapping

from modelseal.attestation import predicates, sbom_subject, stated_verdict
from modelseal.attestation.sbom_inventory import inventory
from modelseal.errors import InputError

Stated = tuple[str, Mapping[str, object]]


def check(statements: Iterable[Stated], names: frozenset[str]) -> None:
    """Refuse SBOMs that contradict each other, or say that they are of another image.

    Args:
        statements: Predicate types and predicates, the verdicts among them: what they call the image are its names too.
        names: Digests of the image, `sha256:…`.

    Raises:
        InputError: There is one.
    """
    listed = list(statements)
    known = {name.removeprefix("sha256:") for name in names}
    for kind, predicate in listed:
        verdict = stated_verdict.read(kind, predicate)
        known |= verdict.names if verdict else frozenset()
    seen: dict[str, bytes] = {}
    for kind, predicate in listed:
        if predicates.is_sbom(kind):
            _refuse_other(kind, sbom_subject.digests(kind, predicate), known)
            if seen.setdefault(kind, content := inventory(kind, predicate)) != content:
                raise InputError(
                    f"Two SBOMs of the same kind ({predicates.describe(kind)}) say different things of the image.",
                    where="input `sbom`",
                    mend="Give one of each kind: `verify` refuses both, because nobody can tell which of them is true.",
                )


def _refuse_other(kind: str, named: frozenset[str], known: set[str]) -> None:
    if named and not named & known:
        raise InputError(
            f"The SBOM ({predicates.describe(kind)}) is of another image, "
            f"{' or '.join(f'sha256:{name}' for name in sorted(named)[:3])}.",
            where="input `sbom`",
            mend="Make it of the image that is attested. For a pushed image, give `image-id` as well, and the verdict "
            "that ties both together.",
        )
