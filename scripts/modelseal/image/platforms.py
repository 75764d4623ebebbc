"""Which images there are to look at, and for which platform each is: in an archive, in a folder, under a name.

An image of several platforms is an index of images. Each of them is an image of its own, with its own packages, so each
is looked at on its own; what is no image (attestations, signatures) is told apart, and never passed over in silence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from modelseal.errors import InputError
from modelseal.image import archive, contents, layers, layout, listing
from modelseal.image.archive import SavedImage
from modelseal.image.layout import Layout
from modelseal.image.listing import Found
from modelseal.image.platform import Platform, Wanted, normal

EVERY = Wanted()
_SCANNABLE = "linux"
_SHORT = len("sha256:") + 12


@dataclass(frozen=True)
class PlatformImage:
    """One image to look at.

    Attributes:
        platform: What it is called beside the others: `linux/arm64`, with the beginning of its digest where several are
            for that platform. Empty when it is the only one and was not asked for by platform.
        runs_on: The platform as its configuration has it.
        image_id: `sha256:` and the digest of its configuration.
        digest: Of its manifest; empty where that is not known.
        source: What the scanner reads: an archive, or a folder with the layout of this image alone.
        diff_ids: The digests of its layers, uncompressed.
        saved: The archive, where it is one of `docker save`; its layers are still to be checked.
    """

    platform: str
    runs_on: Platform
    image_id: str
    digest: str
    source: Path
    diff_ids: tuple[str, ...]
    saved: SavedImage | None = None

    def check(self) -> None:
        """Check that the layers are the image's, if that was not done yet. It takes as long as reading them all.

        Raises:
            InputError: They are not.
        """
        if self.saved is not None:
            layers.check(self.saved)


@dataclass(frozen=True)
class Images:
    """What an archive holds, or a name means.

    Attributes:
        name: The name that it has in itself; empty where it has none.
        digest: Of the index; empty for an image that is none.
        items: The images to look at, one or more.
        attestations: How many entries of the index hold statements about images.
        left_out: Platforms that the index has too and that were not asked for, or are not there.
    """

    name: str
    digest: str
    items: tuple[PlatformImage, ...]
    attestations: int = 0
    left_out: tuple[str, ...] = ()


def of_archive(path: Path, temp_dir: Path, wanted: Wanted = EVERY) -> Images:
    """Return the images that an archive or a folder holds, every layer of the layouts verified.

    Args:
        path: What `docker save` wrote, or an OCI image layout as a tar file or a folder.
        temp_dir: Where layouts are unpacked to; an existing folder.
        wanted: The platforms to look at; without any, all that it has.

    Raises:
        InputError: It is no such archive, contradicts itself, or lacks a platform or a part of one.
        ToolError: The disk is full.
    """
    if not path.is_dir():
        with contents.opened(path) as members:
            docker, oci = "manifest.json" in members, "index.json" in members
        if docker:
            return _of_docker_archive(path, temp_dir, wanted, beside_layout=oci)
    with layout.opened(path) as opened:
        return _of_layout(opened, temp_dir, wanted)


def named(images: Iterable[tuple[Platform, str]], *, asked: bool) -> tuple[str, ...]:
    """Return what images are called beside each other, given each one's platform and digest."""
    pairs = tuple(images)
    if len(pairs) == 1 and not asked:
        return ("",)
    names = [str(platform) for platform, _ in pairs]
    short = [f"{name}@{digest[:_SHORT]}" for name, (_, digest) in zip(names, pairs, strict=True)]
    return tuple(
        name if names.count(name) == 1 else brief if short.count(brief) == 1 else f"{name}@{digest}"
        for name, brief, (_, digest) in zip(names, short, pairs, strict=True)
    )


def chosen(platforms: tuple[Platform, ...], wanted: Wanted, where: str) -> tuple[int, ...]:
    """Return which of the platforms that there are were asked for, by their places.

    Raises:
        InputError: One that was asked for is not there, or one cannot be looked into.
    """
    places = range(len(platforms))
    for platform in wanted.named:
        if not any(there.meets(platform) for there in platforms):
            raise InputError(
                f"There is no image for {platform}; there are: {', '.join(sorted(map(str, platforms))) or 'none'}.",
                where=where,
                mend="Ask for platforms that there are.",
            )
    picked = tuple(
        place for place in places if not wanted.named or any(platforms[place].meets(one) for one in wanted.named)
    )
    foreign = sorted({str(platforms[place]) for place in picked if platforms[place].os != _SCANNABLE})
    if foreign:
        raise InputError(
            f"The image is for {', '.join(foreign)}: the scanner looks into Linux images only.",
            where=where,
            mend="Name the Linux platforms with `platforms`, or leave this image out.",
        )
    return picked


def of_saved(saved: SavedImage, temp_dir: Path, wanted: Wanted = EVERY) -> Images:
    """Return the one image of an archive of `docker save`.

    Raises:
        InputError: It is not for the platform that was asked for, or for none that can be looked into; or scanners
            would not know which of its layers are compressed.
        ToolError: The disk is full.
    """
    if saved.mixed:
        return _of_mixed(saved, temp_dir, wanted)
    parts = [*saved.platform.split("/"), "", "", ""]
    runs_on = normal(*parts[:3])
    chosen((runs_on,), wanted, str(saved.path))
    (name,) = named([(runs_on, saved.image_id)], asked=bool(wanted.named))
    item = PlatformImage(name, runs_on, saved.image_id, saved.manifest, saved.path, saved.diff_ids, saved)
    return Images(saved.tags[0] if saved.tags else "", "", (item,))


def _of_docker_archive(path: Path, temp_dir: Path, wanted: Wanted, *, beside_layout: bool) -> Images:
    """Return the one image that Docker's own layout names, or all that the OCI layout beside it holds.

    An engine with containerd's image store saves the whole index, though it has pulled only some of its platforms.
    """
    saved = archive.read(path)
    if beside_layout and not saved.manifest:
        with layout.opened(path) as opened:
            listed = listing.listed(opened, whole=False)
            found, _ = listing.read(opened, listed, whole=False)
            if len(found) > 1:
                images = _of_layout(opened, temp_dir, wanted, whole=False)
                if not wanted and saved.image_id not in {item.image_id for item in images.items}:
                    raise opened.refused("The archive contradicts itself: its two layouts hold different images.")
                return images
    return of_saved(saved, temp_dir, wanted)


def _of_mixed(saved: SavedImage, temp_dir: Path, wanted: Wanted) -> Images:
    """Return the image by the OCI layout beside Docker's own, which says of each layer what it is."""
    with layout.opened(saved.path) as opened:
        if opened.find("index.json") is None:
            raise opened.refused(
                "The archive's layers are compressed in different ways, or some are not: scanners cannot tell which.",
                "Save it from an engine that writes the OCI layout as well, or as an OCI layout.",
            )
        images = _of_layout(opened, temp_dir, wanted, whole=False)
        if [item.image_id for item in images.items] != [saved.image_id]:
            raise opened.refused("The archive contradicts itself: its two layouts hold different images.")
    return replace(images, name=saved.tags[0] if saved.tags else "")


def _of_layout(opened: Layout, temp_dir: Path, wanted: Wanted, *, whole: bool = True) -> Images:
    listed = listing.listed(opened, whole=whole)
    found, absent = listing.read(opened, listed, whole=whole)
    if not found:
        raise opened.refused("The layout holds no image.")
    platforms = tuple(image.runs_on for image in found)
    places = chosen(platforms, wanted, str(opened.path))
    picked = tuple(found[place] for place in places)
    folder = Path(mkdtemp(prefix="layout-", dir=temp_dir))
    blobs = folder / "blobs"
    blobs.mkdir()
    diff_ids = layout.measure(opened, (layer for image in picked for layer in image.manifest.layers), blobs)
    for image in picked:
        _check_layers(opened, image, diff_ids)
    names = named(((image.runs_on, image.entry.digest) for image in picked), asked=bool(wanted.named))
    items = tuple(
        _presented(image, name, blobs, folder / f"image-{number}")
        for number, (image, name) in enumerate(zip(picked, names, strict=True), 1)
    )
    left_out = tuple(str(found[place].runs_on) for place in range(len(found)) if place not in places)
    return Images(
        name=listed.tags[0] if len(listed.tags) == 1 else "",
        digest=listed.root,
        items=items,
        attestations=len(listed.attestations),
        left_out=left_out + absent,
    )


def _check_layers(opened: Layout, image: Found, diff_ids: Mapping[str, str]) -> None:
    for layer, expected in zip(image.manifest.layers, image.diff_ids, strict=True):
        if diff_ids[layer.digest] != expected:
            raise opened.refused(
                f"The layer {layer.digest} is not the one of the image's configuration: uncompressed, its digest is "
                f"not {expected}."
            )


def _presented(image: Found, name: str, blobs: Path, folder: Path) -> PlatformImage:
    for document in image.documents:
        layout.put(document, blobs)
    layout.present(folder, blobs, image.entry)
    return PlatformImage(
        platform=name,
        runs_on=image.runs_on,
        image_id=image.manifest.config.digest,
        digest=image.entry.digest,
        source=folder,
        diff_ids=image.diff_ids,
    )
