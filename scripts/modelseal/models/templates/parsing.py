"""Parse a template into a syntax tree, without compiling or rendering it."""

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

MOST = 512 << 10  # characters; the longest published chat templates have some 30,000


class Unparsed(Exception):
    """A template is not Jinja.

    Args:
        what: Why, in words that begin with `it` and have no full stop.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Generation(Extension):
    """The tag by which transformers marks what the assistant says: `{% generation %}...{% endgeneration %}`."""

    tags = {"generation"}  # noqa: RUF012 -- as Jinja declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Take what is between the tags as if they were not there."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


# Nothing is rendered: what escaping would do has no meaning here.
_ENVIRONMENT = Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation])  # noqa: S701


def parse(source: str) -> nodes.Template:
    """Parse a template.

    Raises:
        Unparsed: It is not Jinja, or too long or too deep to be told.
    """
    if len(source) > MOST:
        raise Unparsed(f"it has {len(source):,} characters, more than any chat template")
    try:
        return _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise Unparsed(f"it is no Jinja template: {error.message} in line {error.lineno}") from error
    except (RecursionError, MemoryError) as error:
        raise Unparsed("it is nested too deeply") from error
    except (ValueError, OverflowError, SyntaxError) as error:  # of numbers and escapes that are none
        raise Unparsed(f"it is no Jinja template: {error}") from error
