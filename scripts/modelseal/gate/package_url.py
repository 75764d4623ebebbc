"""Package URLs: taken apart, compared, and made for images.

The format: https://github.com/package-url/purl-spec
"""

import functools
from collections.abc import Sequence

from packageurl import PackageURL

_PREFIX = "pkg:"
_DOCKER_HUB = "index.docker.io"


@functools.lru_cache(maxsize=32768)
def parse(text: str) -> PackageURL | None:
    """Take a package URL apart, its parts normalised; None when the text is not one."""
    if not text.startswith(_PREFIX):
        return None
    try:
        return PackageURL.from_string(text)
    except ValueError:
        return None


def key(url: PackageURL) -> str:
    """Return what two package URLs of the same package have in common, whatever its version and build."""
    return f"{url.type}/{url.namespace or ''}/{url.name}"


def covers(general: PackageURL, special: PackageURL) -> bool:
    """Tell whether a package URL that may leave things out means another one.

    The rule is that of go-vex's `PurlMatches`: type, namespace and name are equal; so is the version, where the first
    has one, and each of its qualifiers. Unlike there a subpath counts as well: what is said of one Go package in a
    module is not said of the module.
    https://github.com/openvex/go-vex/blob/v0.2.5/pkg/vex/functions_documents.go
    """
    if key(general) != key(special):
        return False
    if general.version and general.version != special.version:
        return False
    if general.subpath and general.subpath != special.subpath:
        return False
    have = _qualifiers(special)
    return all(have.get(name) == value for name, value in _qualifiers(general).items())


def architecture(url: PackageURL) -> str:
    """Return the processor architecture that a package URL names; empty where it names none."""
    return _qualifiers(url).get("arch", "")


def of_image(name: str, digests: Sequence[str], architecture: str = "") -> tuple[str, ...]:
    """Return the package URLs of an image, as Trivy and others write them: one for each digest.

    Args:
        name: What it is called, `ghcr.io/team/app:1.2`.
        digests: Of its manifest, of its index, or, as long as it has neither, its id.
        architecture: `amd64`; empty when that is not known.
    """
    repository = name.partition("@")[0]
    head, slash, last = repository.rpartition("/")
    last = last.partition(":")[0]
    host = head.partition("/")[0]
    qualifiers = {"arch": architecture} if architecture else {}
    if slash and (host == "localhost" or "." in host or ":" in host):
        qualifiers["repository_url"] = f"{_DOCKER_HUB if host == 'docker.io' else host}{head[len(host) :]}/{last}"
    elif last:
        qualifiers["repository_url"] = f"{_DOCKER_HUB}/{head or 'library'}/{last}"
    if not last:
        return ()
    return tuple(
        PackageURL("oci", None, last.lower(), digest, qualifiers).to_string() for digest in dict.fromkeys(digests)
    )


def _qualifiers(url: PackageURL) -> dict[str, str]:
    return url.qualifiers if isinstance(url.qualifiers, dict) else {}
