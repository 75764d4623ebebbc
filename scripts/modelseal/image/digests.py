"""By which digests others know what an archive holds."""

from pathlib import Path

from modelseal.image import archive, contents, layout, listing


def of_archive(path: Path) -> frozenset[str]:
    """Return every digest that what an archive holds goes by: an image's ID and its manifest's, or the index's.

    Only the documents are read: whoever unpacks an image sees for himself that its layers are those that they name.

    Raises:
        InputError: It is no such archive, or contradicts itself.
    """
    with contents.opened(path) as members:
        docker, oci = "manifest.json" in members, "index.json" in members
    ids = set(archive.read(path).engine_ids) if docker else set()
    if oci or not docker:
        with layout.opened(path) as opened:
            entries = listing.listed(opened, whole=not docker)
            found, _ = listing.read(opened, entries, whole=not docker)
        own = {digest for image in found for digest in (image.manifest.config.digest, image.entry.digest)}
        # Of several images none stands for the archive; all together do.
        ids = {entries.root} if len(found) > 1 else ids | own | {entries.root}
    return frozenset(ids - {""})
