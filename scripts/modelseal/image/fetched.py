"""An image in a registry, with the platforms that somebody asks for: read, and fetched through the engine.

The engine fetches, with the user's own login: no credentials of registries come near us. What a tag means is asked
once; everything after that goes by digest, so it does not matter where the tag moves meanwhile.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from modelseal import registry
from modelseal.errors import InputError, ToolError
from modelseal.image import archive, index
from modelseal.image.docker import Docker
from modelseal.image.documents import Unusable
from modelseal.image.index import Descriptor
from modelseal.image.platform import Platform, Wanted
from modelseal.image.platforms import Images, PlatformImage, chosen, named, of_saved
from modelseal.image.reference import Reference

logger = logging.getLogger(__name__)

# Returns a manifest or an index, byte for byte, by its digest or (empty) by what the name means now.
Reader = Callable[[str], bytes]
_PULL_SECONDS = 3600
_ANSWER_SECONDS = 120


def of_name(docker: Docker, reference: Reference, wanted: Wanted, temp_dir: Path) -> Images:
    """Return the images that a name means.

    Args:
        docker: The client.
        reference: The name.
        wanted: The platforms to look at. Without any the engine's own image of that name; with some, or all, the
            registry's.
        temp_dir: Where they are saved to; an existing folder.

    Raises:
        InputError: The name does not have a platform that was asked for.
        ToolError: The engine or the registry does not give it, or gives something else.
    """
    folder = Path(mkdtemp(prefix="saved-", dir=temp_dir))  # several names share the folder they were given
    if not wanted:
        return of_saved(archive.save(docker, reference.exact, folder / "image.tar"), folder)
    return _of_registry(docker, reference, wanted, folder, _reader(docker, reference))


def _of_registry(docker: Docker, reference: Reference, wanted: Wanted, folder: Path, read: Reader) -> Images:
    document = read(reference.digest)
    digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
    where = f"{reference.text}, {digest}"
    try:
        if not index.is_index(document):
            return _of_one(docker, reference, wanted, folder, document)
        listed = index.listing(document, lambda entry: _sized(read, entry))
        for entry in listed.attestations:
            index.check_attestation(_sized(read, entry), entry.media_type)
    except Unusable as error:
        raise ToolError(
            f"The image index in the registry cannot be used. {error}", where=where, mend="Build and push it again."
        ) from error
    platforms = tuple(map(_platform_of, listed.images))
    places = chosen(platforms, wanted, where)
    if not places:
        raise InputError("The image index holds no image.", where=where, mend="Build and push it again.")
    items = tuple(
        _fetched(docker, reference, listed.images[place], folder / f"image-{number}.tar", read)
        for number, place in enumerate(places, 1)
    )
    names = named(((item.runs_on, item.digest) for item in items), asked=bool(wanted.named))
    return Images(
        name=reference.text,
        digest=digest,
        items=tuple(replace(item, platform=name) for item, name in zip(items, names, strict=True)),
        attestations=len(listed.attestations),
        left_out=tuple(str(platform) for place, platform in enumerate(platforms) if place not in places),
    )


def _of_one(docker: Docker, reference: Reference, wanted: Wanted, folder: Path, document: bytes) -> Images:
    """Return the image of a name that means one image, not an index of several."""
    digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
    entry = Descriptor(index.media_type(document), digest, len(document))
    item = _fetched(docker, reference, entry, folder / "image.tar", lambda _: document)
    chosen((item.runs_on,), wanted, reference.text)
    (name,) = named([(item.runs_on, digest)], asked=bool(wanted.named))
    return Images(reference.text, "", (replace(item, platform=name),))


def _fetched(docker: Docker, reference: Reference, entry: Descriptor, file: Path, read: Reader) -> PlatformImage:
    """Pull one image by the digest of its manifest, save it, and hold it against that manifest."""
    name = f"{reference.repository}@{entry.digest}"
    try:
        manifest = index.manifest(_sized(read, entry), entry.media_type)
    except Unusable as error:
        raise ToolError(
            f"The image in the registry cannot be used. {error}", where=name, mend="Build and push it again."
        ) from error
    logger.info("pulling %s for %s", name, entry.platform or "its platform")
    docker.run("pull", "--quiet", *_platform_option(entry), name, timeout=_PULL_SECONDS, on_line=logger.info)
    saved = archive.save(docker, name, file)
    if saved.image_id != manifest.config.digest or len(saved.diff_ids) != len(manifest.layers):
        raise ToolError(
            "The engine saved another image than the one that the registry's manifest names.",
            where=f"{name}, {saved.image_id}",
            mend="Run it again.",
        )
    (item,) = of_saved(saved, file.parent).items
    if entry.platform is not None:
        try:
            item = replace(item, runs_on=index.agreed(entry.platform, item.runs_on))
        except Unusable as error:
            raise InputError(
                f"The image index is wrong. {error}", where=name, mend="Build and push it again."
            ) from error
    return replace(item, digest=entry.digest)


def _platform_option(entry: Descriptor) -> tuple[str, ...]:
    return ("--platform", str(entry.platform)) if entry.platform is not None else ()


def _platform_of(entry: Descriptor) -> Platform:
    if entry.platform is None:
        raise InputError(
            f"The image index does not say what {entry.digest} is for.", mend="Name one image by its digest."
        )
    return entry.platform


def _sized(read: Reader, entry: Descriptor) -> bytes:
    content = read(entry.digest)
    if len(content) != entry.size:
        raise Unusable(f"{entry.digest} has {len(content):,} bytes, not {entry.size:,}.")
    return content


def _reader(docker: Docker, reference: Reference) -> Reader:
    """Return what reads manifests: buildx, with the user's login; without it we ask ourselves, as anybody may."""

    def by_buildx(name: str) -> bytes:
        try:
            return docker.run("buildx", "imagetools", "inspect", "--raw", name, timeout=_ANSWER_SECONDS).stdout
        except ToolError as error:
            raise ToolError(
                f"The image index cannot be read from the registry. {error.what}",
                where=error.where,
                mend="Check the name, and log in to the registry if it asks for that (docker login).",
            ) from error

    client = registry.Client(docker.environ)

    def by_ourselves(name: str) -> bytes:
        try:
            return client.manifest(registry.parse(name)).content
        except registry.Unavailable:
            raise
        except registry.RegistryError as error:
            raise ToolError(
                f"The image index cannot be read as anybody may read it. {error.what}",
                where=error.where,
                mend="Install the buildx plugin, which asks with your login, or check the name.",
            ) from error

    def read(digest: str) -> bytes:
        name = f"{reference.repository}@{digest}" if digest else reference.exact
        content = by_buildx(name) if docker.buildx else by_ourselves(name)
        if digest and f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise ToolError("The registry gave another document than the one asked for.", where=name)
        return content

    return read
