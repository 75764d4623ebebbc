"""Where signed statements go, besides the folder: checked before anything is signed, and told apart when one fails.

The folder comes first, always. So whatever becomes of the other stores, no bundle is lost, and what could not be stored
can be stored later from the folder.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from modelseal.attestation import bundle, predicates, statement
from modelseal.attestation.plan import MODEL_SIGNATURE, Planned
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.report import markdown

logger = logging.getLogger(__name__)

FILE, GITHUB, OCI = "file", "github", "oci"


@dataclass(frozen=True)
class Item:
    """A bundle that is to be stored.

    Attributes:
        file: Its name in the folder.
        about: The name of its first subject, for people.
        predicate_type: What it states.
        subjects: The SHA-256 of each subject.
        media_type: Its own.
        data: Its JSON text.
    """

    file: str
    about: str
    predicate_type: str
    subjects: tuple[str, ...]
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Kept:
    """A bundle in a store.

    Attributes:
        kind: `github` or `oci`.
        file: Its name in the folder.
        store: Which store, for people.
        identifier: Its number or digest there.
        url: Where it can be looked at; empty if nowhere.
    """

    kind: str
    file: str
    store: str
    identifier: str
    url: str = ""


@dataclass(frozen=True)
class Declined:
    """A store that does not take this, though nothing is wrong with it; a whole sentence says why and what to do."""

    why: str


class Destination(Protocol):
    """A store."""

    @property
    def kind(self) -> str:
        """`github` or `oci`."""

    @property
    def name(self) -> str:
        """The store for people."""

    def ready(self) -> Declined | None:
        """Stop if it cannot be written to; tell if it does not take statements here at all."""

    def takes(self, subjects: Sequence[str]) -> bool:
        """Tell whether a statement about subjects, by their SHA-256, belongs there."""

    def keep(self, item: Item) -> Kept | Declined:
        """Store a bundle."""

    def finish(self) -> None:
        """See that all of it is still there."""


@dataclass(frozen=True)
class Stored:
    """What is where.

    Attributes:
        kept: Every bundle in every store.
        notices: Why stores did not take anything, though nothing is wrong.
    """

    kept: tuple[Kept, ...] = ()
    notices: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[Kept, ...]:
        """Return what is in stores of a kind."""
        return tuple(item for item in self.kept if item.kind == kind)


def item_of(file: str, data: bytes) -> Item:
    """Read a bundle as far as a store must know it. Its signature is not verified here.

    Raises:
        InputError: It is not a bundle with a statement in it.
    """
    try:
        read = bundle.parse(data)
        stated = statement.parse(read.envelope.payload)
        media_type = bundle.media_type(read)
    except Rejection as error:
        raise InputError(
            f"This is not an attestation: {error}.", where=file, mend="Give a folder that `attest` wrote."
        ) from error
    subjects = tuple(subject.sha256 for subject in stated.subjects)
    return Item(file, stated.subjects[0].name, stated.predicate_type, subjects, media_type, data)


def items_of(planned: Sequence[Planned], bundles: Sequence[bytes], stores: Sequence[Destination]) -> tuple[Item, ...]:
    """Return what was just signed, read only if there is a store that must know more of it."""
    pairs = zip(planned, bundles, strict=True)
    if stores:
        return tuple(item_of(item.file, data) for item, data in pairs)
    return tuple(Item(item.file, item.subject, item.predicate_type, (), "", data) for item, data in pairs)


def subjects_of(payload: bytes) -> tuple[str, ...]:
    """Return the SHA-256 of each subject of a statement that we made.

    Raises:
        Rejection: It is no statement.
    """
    return tuple(sha256 for _, sha256 in named_subjects(payload))


def named_subjects(payload: bytes) -> tuple[tuple[str, str], ...]:
    """Return name and SHA-256 of each subject of a statement that we made.

    Raises:
        Rejection: It is no statement.
    """
    return tuple((subject.name, subject.sha256) for subject in statement.parse(payload).subjects)


def ready(destinations: Sequence[Destination]) -> tuple[tuple[Destination, ...], tuple[str, ...]]:
    """Check all stores; return those that take statements, and why the others do not.

    Raises:
        InputError: One cannot be used as it was given.
        ToolError: One does not answer, or does not let us write.
    """
    usable: list[Destination] = []
    notices: list[str] = []
    for destination in destinations:
        declined = destination.ready()
        if declined is None:
            usable.append(destination)
        else:
            notices.append(declined.why)
    return tuple(usable), tuple(notices)


def refuse_unwanted(destinations: Sequence[Destination], statements: Sequence[Sequence[str]]) -> None:
    """Stop if a store would be given nothing.

    Args:
        destinations: The stores.
        statements: The subjects of each statement, by their SHA-256.

    Raises:
        InputError: No statement is about what a store holds.
    """
    for destination in destinations:
        if not any(map(destination.takes, statements)):
            raise InputError(
                "No statement is about this image: nothing would be stored there.",
                where=destination.name,
                mend="Give the digest that the statements are about, as the registry gives it.",
            )


def keep(destinations: Sequence[Destination], items: Sequence[Item], folder: Path) -> Stored:
    """Store bundles. One store that fails keeps no other from getting its own.

    Args:
        destinations: Which have been found ready.
        items: What is in the folder.
        folder: For the explanation, should something fail.

    Raises:
        ToolError: A store failed; it says what is where, and how to store the rest.
    """
    kept: list[Kept] = []
    notices: list[str] = []
    failures: list[tuple[Destination, list[str], ModelsealError]] = []
    for destination in destinations:
        wanted = [item for item in items if destination.takes(item.subjects)]
        done: list[str] = []
        try:
            for item in wanted:
                result = destination.keep(item)
                if isinstance(result, Declined):
                    notices.append(result.why)
                    break
                logger.info("stored %s: %s %s", item.file, result.store, result.url or result.identifier)
                kept.append(result)
                done.append(item.file)
            destination.finish()
        except ModelsealError as error:
            failures.append((destination, [item.file for item in wanted if item.file not in done], error))
    if failures:
        raise _incomplete(kept, failures, folder)
    return Stored(tuple(kept), tuple(dict.fromkeys(notices)))


def summary(items: Sequence[Item], stored: Stored, how: str) -> str:
    """Say in Markdown what was attested, and what of it is where."""
    stated = [
        (markdown.escape(item.about), markdown.escape(describe(item.predicate_type)), markdown.code(item.file))
        for item in items
    ]
    table = markdown.table(("Subject", "Statement", "File"), stated)
    parts = [f"### Attested\n\nStatements {markdown.escape(how)}.\n", table]
    parts += [f"> {markdown.escape(notice)}\n" for notice in stored.notices]
    rows = [
        (markdown.code(item.file), markdown.escape(item.store), markdown.code(item.url or item.identifier))
        for item in stored.kept
    ]
    if rows:
        parts.append(markdown.table(("File", "Stored in", "As"), rows))
    return "\n".join(parts)


def describe(predicate_type: str) -> str:
    """Return what a statement states, for people."""
    return "model signature" if predicate_type == MODEL_SIGNATURE else predicates.describe(predicate_type)


def _incomplete(
    kept: Sequence[Kept], failures: Sequence[tuple[Destination, list[str], ModelsealError]], folder: Path
) -> ToolError:
    lines = [f"stored: {item.file} in {item.store}" for item in kept]
    for destination, rest, error in failures:
        lines += [f"not stored: {file} in {destination.name}" for file in rest]
        lines.append(f"{destination.name}: {error}")
    kinds = ",".join(dict.fromkeys(destination.kind for destination, _, _ in failures))
    return ToolError(
        f"The statements are signed, and every bundle is in {folder}; but not all could be stored elsewhere.",
        where="\n".join(lines),
        mend=f"Keep that folder, and store the rest from it: `attest` with `bundles: {folder}` and `store: {kinds}`; "
        "nothing is signed anew, and what is stored already does no harm.",
    )
