"""Why a document or a signature is not accepted, before anybody has decided what follows from that."""


class Rejection(ValueError):
    """A piece of evidence does not hold; the message is one sentence that says why.

    `attest` makes it an input error, `verify` collects it with the others.
    """


def short(value: object) -> str:
    """Show a value from outside in a sentence: quoted, and not longer than a line."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."  # noqa: PLR2004 - about a line
