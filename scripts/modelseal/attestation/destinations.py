"""Which stores were asked for. What each needs is imported only where it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modelseal.attestation.storing import FILE, GITHUB, OCI, Destination
from modelseal.errors import InputError


@dataclass(frozen=True)
class Wanted:
    """Where statements are to be kept.

    Attributes:
        stores: `file`, `github`, `oci`.
        image: The image's name; empty without one.
        digest: Its digest; empty without an image.
        image_id: Its ID, where `digest` is a registry's and it is known; else empty.
        registry_images: Its names in registries, if they are others.
        token: For GitHub.
    """

    stores: tuple[str, ...]
    image: str
    digest: str
    image_id: str
    registry_images: tuple[str, ...]
    token: str = field(repr=False)

    @property
    def elsewhere(self) -> bool:
        """Whether they are to be kept anywhere but in the folder."""
        return bool(set(self.stores) - {FILE})

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            InputError: It does.
        """
        if OCI in self.stores and not self.registry_images and not self.image:
            raise InputError(
                "`store: oci` attaches statements to an image, and none was given.",
                mend="Give `image` and `digest`, or `registry-images`. A model's statements go to `file` and `github`.",
            )
        if self.registry_images and OCI not in self.stores:
            raise InputError("`registry-images` is for `store: oci`.", mend="Add `oci` to `store`, or leave it out.")


def chosen(wanted: Wanted, environ: Mapping[str, str], mask: Callable[[str], None]) -> tuple[Destination, ...]:
    """Return the stores besides the folder.

    Args:
        wanted: Which.
        environ: For GitHub's address and repository, the logins of registries, and the proxies.
        mask: Called with every secret that is found.

    Raises:
        InputError: Something that a store needs is missing or malformed.
        ToolError: A credential helper fails.
    """
    wanted.check()
    found: list[Destination] = []
    if GITHUB in wanted.stores:
        from modelseal.attestation import github_store  # noqa: PLC0415 - see the top

        found.append(github_store.destination(environ, wanted.token))
    if OCI in wanted.stores:
        from modelseal.attestation import registry_store  # noqa: PLC0415 - see the top

        names = wanted.registry_images or (wanted.image,)
        found += registry_store.destinations(names, wanted.digest, environ, mask, wanted.image_id)
    return tuple(found)
