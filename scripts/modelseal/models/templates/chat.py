"""Judge a chat template: the one function that formats use, and it imports Jinja only where there is a template."""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.event import Found


def judge(source: str, budget: Budget, offset: int | None = None) -> Iterator[Found]:
    """Tell what a chat template does that none should do. It is never rendered.

    Args:
        source: The template's text.
        budget: What that may cost; a node of its syntax tree is a step.
        offset: Where it begins, in bytes of the content that holds it.

    Raises:
        LimitReached: It has too many nodes.
    """
    from modelseal.models.templates import judging  # noqa: PLC0415 -- few files have templates, and Jinja takes a while

    yield from judging.judge(source, budget, offset)
