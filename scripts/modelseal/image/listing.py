"""Which images an OCI layout lists, and the documents that say what each is."""

from dataclasses import dataclass

from modelseal.image import index
from modelseal.image.documents import Unusable
from modelseal.image.index import Descriptor, Manifest
from modelseal.image.layout import Layout
from modelseal.image.platform import Platform


@dataclass(frozen=True)
class Found:
    """An image in a layout whose documents were read; they are its manifest and its configuration."""

    entry: Descriptor
    manifest: Manifest
    documents: tuple[bytes, bytes]
    runs_on: Platform
    diff_ids: tuple[str, ...]


def listed(opened: Layout, *, whole: bool) -> index.Listing:
    """Return what a layout's index lists, with what is in indexes that it names.

    Args:
        opened: The layout.
        whole: Whether all that is named has to be there.

    Raises:
        InputError: It cannot be used, or lacks what it names.
    """

    def fetched(entry: Descriptor) -> bytes | None:
        content = opened.document(entry)
        if content is None and whole:
            raise opened.refused(f"The layout does not have the index {entry.digest} that it names.")
        return content

    try:
        return index.listing(opened.index(), fetched)
    except Unusable as error:
        raise opened.refused(f"The layout's index cannot be used. {error}") from error


def read(opened: Layout, entries: index.Listing, *, whole: bool) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    """Return the images, and the platforms that are named, but not there.

    Raises:
        InputError: A document cannot be used, is not there, or contradicts another one.
    """
    found, absent = [], []
    for entry in entries.images:
        document = opened.document(entry)
        if document is not None:
            found.append(_image(opened, entry, document))
        elif whole:
            raise opened.refused(
                f"The layout does not have the image for {entry.platform or 'an unnamed platform'}: {entry.digest}.",
                "Make the layout with all its platforms.",
            )
        else:
            absent.append(str(entry.platform or entry.digest))
    for entry in entries.attestations:
        document = opened.document(entry)
        try:
            if document is not None:
                index.check_attestation(document, entry.media_type)
        except Unusable as error:
            raise opened.refused(f"The index's entry {entry.digest} cannot be used. {error}") from error
    return tuple(found), tuple(absent)


def _image(opened: Layout, entry: Descriptor, document: bytes) -> Found:
    try:
        manifest = index.manifest(document, entry.media_type)
        content = opened.document(manifest.config) or b""
        config = index.config(content, layers=len(manifest.layers))
        runs_on = config.platform if entry.platform is None else index.agreed(entry.platform, config.platform)
    except Unusable as error:
        raise opened.refused(f"The image {entry.digest} cannot be used. {error}") from error
    return Found(entry, manifest, (document, content), runs_on, config.diff_ids)
