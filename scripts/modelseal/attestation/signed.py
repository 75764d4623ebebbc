"""What came back from a signer, checked: a service that signs something else must not get its way."""

from collections.abc import Callable, Sequence

from modelseal.attestation import bundle
from modelseal.attestation.plan import Planned
from modelseal.attestation.rejection import Rejection
from modelseal.errors import ToolError


def require(planned: Sequence[Planned], bundles: Sequence[bytes], verified: Callable[[bundle.Bundle], bytes]) -> None:
    """Verify what was just signed.

    Args:
        planned: What was to be signed.
        bundles: What came back, in the same order.
        verified: Verifies a bundle and returns its payload.

    Raises:
        ToolError: A bundle does not verify, or has something else in it.
    """
    for item, data in zip(planned, bundles, strict=True):
        try:
            payload = verified(bundle.parse(data))
        except Rejection as error:
            raise ToolError(
                f"What was just signed does not verify: {error}.",
                where=item.file,
                mend="Nothing was attested. Check the signing service, or the trust configuration.",
            ) from error
        if payload != item.payload:
            raise ToolError("Something else came back signed than was sent.", where=item.file)
