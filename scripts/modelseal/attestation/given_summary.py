"""A verification summary that is to be signed: looked at before, because whoever reads it later looks no further.

https://slsa.dev/spec/v1.1/verification_summary
"""

from collections.abc import Collection
from datetime import datetime

from modelseal.attestation import predicates, statement, summary_predicate
from modelseal.attestation.plan import Document, Planned
from modelseal.attestation.rejection import Rejection, short
from modelseal.errors import InputError, VerificationFailed

_MOST_SUBJECTS = 2  # an image and a model
_FILE = "release.verification-summary.sigstore.json"


def planned(summary: Document, about: Collection[str], now: datetime) -> Planned:
    """Plan the signature of a summary, byte for byte as `verify` wrote it.

    Args:
        summary: The file.
        about: SHA-256 digests, each of which must be among its subjects.
        now: The time.

    Raises:
        InputError: It is not a summary of `verify`, is of later than now, or is about something else.
        VerificationFailed: The verification failed.
    """
    payload = summary.data.removesuffix(b"\n")
    try:
        stated = statement.parse(payload, [statement.STATEMENT_TYPE])
        if stated.predicate_type != predicates.SUMMARY:
            raise Rejection(f"it states {short(stated.predicate_type)}, not {predicates.SUMMARY}")  # noqa: TRY301
        summary_predicate.check_for(stated, "", now)
    except Rejection as error:
        raise InputError(
            f"This is not a verification summary that can be signed: {error}.",
            where=summary.name,
            mend="Give the file that `verify` names in its output `summary`.",
        ) from error
    if missing := sorted(digest for digest in about if not stated.is_about(digest)):
        raise InputError(
            f"The verification summary is about something else than sha256:{missing[0]}.",
            where=summary.name,
            mend="Sign the summary of what is deployed: its subjects are the digests that `verify` was given.",
        )
    if len(stated.subjects) > _MOST_SUBJECTS:
        raise InputError(
            f"The verification summary is about {len(stated.subjects)} things, more than are verified together.",
            where=summary.name,
            mend="Give the file that `verify` wrote: it is about one image, one model, or both.",
        )
    if stated.predicate["verificationResult"] != summary_predicate.PASSED:
        raise VerificationFailed(
            "The verification failed; nothing was attested.",
            where=summary.name,
            mend="See in `verification.json` why. A summary that refuses is not signed.",
        )
    return Planned(_FILE, stated.subjects[0].name, stated.predicate_type, payload)
