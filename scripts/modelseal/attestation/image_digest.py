"""Which image is meant: a tag is looked up once, and from then on only the digest counts."""

import logging
import re
from collections.abc import Callable, Mapping

from modelseal.errors import InputError

logger = logging.getLogger(__name__)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def resolve(image: str, digest: str, environ: Mapping[str, str], mask: Callable[[str], None]) -> str:
    """Return the digest of an image: the given one, the one in its name, or what its registry says now.

    Args:
        image: The image's name; empty without an image.
        digest: `sha256:…`, or empty.
        environ: For the user's logins and the proxies.
        mask: Called with every secret that is found.

    Raises:
        InputError: The two name different images, one is missing, or it is no digest.
        ToolError: The registry does not say.
    """
    if digest and not image:
        raise InputError(
            "`image` and `digest` belong together: a digest alone has no name to be deployed under.",
            mend="Give `image` as well.",
        )
    _, at, named = image.partition("@")
    for value, where in ((digest, "digest"), (named if at else "", "image")):
        if value and not _DIGEST.fullmatch(value):
            raise InputError(
                f"{value!r} is not a digest.", where=f"input `{where}`", mend="Write sha256: and 64 hex digits."
            )
    if digest and named and digest != named:
        raise InputError(
            f"`image` names {named}, and `digest` is {digest}.", mend="Give one of them, or the same in both."
        )
    if not image or digest or named:
        return digest or named
    from modelseal import registry  # noqa: PLC0415 - most runs know the digest
    from modelseal.registry import docker_config  # noqa: PLC0415 - as above

    reference = registry.parse(image)
    found = docker_config.credentials(reference.host, environ, mask)
    client = registry.Client(environ, {reference.host: found} if found else {}, registry.Limits())
    resolved = client.resolve(reference)
    logger.warning("the tag %s is %s now; that is what is verified: deploy this digest, not the tag", image, resolved)
    return resolved
