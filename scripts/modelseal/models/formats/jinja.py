"""Templates of Jinja in files of their own: `chat_template.jinja`."""

from collections.abc import Iterator

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.documents.hugging_face import TEMPLATES
from modelseal.models.event import Event
from modelseal.models.faults import LimitReached
from modelseal.models.format import Format
from modelseal.models.formats import yaml
from modelseal.models.templates.chat import judge
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge a template.

    Raises:
        LimitReached: It is too long.
    """
    if len(content) > MIB:
        raise LimitReached("it is a template of more than 1 MiB")
    yield from judge(kind.decode(content) or "", budget)
    # A comment can make a template of any configuration, and what reads configurations does not care.
    yield from yaml.inspect(content, budget)


FORMAT = Format(
    name="jinja",
    title="a Jinja template",
    recognises=lambda content: kind.of(content) is Kind.JINJA,
    inspect=inspect,
    rules=(*TEMPLATES, *yaml.FORMAT.rules),
    extensions=(".jinja", ".jinja2", ".j2"),
    last=True,
)
