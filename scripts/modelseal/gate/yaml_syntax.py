"""What the YAML parser objects to, in words for somebody who has just written a file."""

from modelseal.gate.mistakes import Mistake, Place, shown

_SYNTAX = (
    # What PyYAML and libyaml say, and what it means to somebody who has just written a file.
    ("mapping values are not allowed", "A key stands where none can: it is indented too far, or a text has `: ` in it.",
     "Keys that belong together begin in the same column; put a text with `: ` in it into quotes."),
    ("while parsing a block collection", "A line of this list begins without `- `.",
     "Indent it below the item it belongs to, or begin it with `- `."),
    ("did not find expected key", "The indentation is wrong here or just above, or a quote is out of place.",
     "Keys that belong together begin in the same column; a text with quotes in it needs quotes around all of it."),
    ("expected <block end>", "The indentation is wrong here or just above, or a quote is out of place.",
     "Keys that belong together begin in the same column; a text with quotes in it needs quotes around all of it."),
    ("block sequence entries are not allowed", "`- ` stands where no list can begin.",
     "Begin the list on the line after its key, indented by two spaces."),
    ("did not find expected ',' or", "A list or group in brackets is not closed, or a comma is missing.",
     "Write it like [CRITICAL, HIGH] or {CRITICAL: 2, HIGH: 7}."),
    ("expected ',' or", "A list or group in brackets is not closed, or a comma is missing.",
     "Write it like [CRITICAL, HIGH] or {CRITICAL: 2, HIGH: 7}."),
    ("could not find expected ':'", "A key has no colon after it.",
     "Write `key: value`, with a space after the colon."),
    ("found unexpected end of stream", "A quote is opened and never closed.", "Close it, with the same kind of quote."),
    ("unknown escape character", "There is a backslash in double quotes, where it means something else.",
     "Use single quotes."),
    ("while scanning a tag", "A text begins with `!`, which means something in YAML.", "Put it into quotes."),
    ("cannot start any token", "A text begins with a character that means something in YAML.", "Put it into quotes."),
    ("did not find expected <document start>", "Something stands before the first key, or begins too far left.",
     "Keys at the top level begin in the first column, each as `key: value`."),
    ("expected '<document start>'", "Something stands before the first key, or begins too far left.",
     "Keys at the top level begin in the first column, each as `key: value`."),
    ("alphabetic or numeric character", "A text begins with a character that means something in YAML.",
     'Put it into quotes: "**/x".'),
    ("did not find expected node content", "A value cannot begin with this character.", "Put it into quotes."),
    ("expected the node content", "A value cannot begin with this character.", "Put it into quotes."),
)  # fmt: skip


def mistake(problem: str, place: Place) -> Mistake:
    """Explain an objection of PyYAML or libyaml.

    Args:
        problem: Their words, both the problem and its context.
        place: Where they noticed it.
    """
    for words, what, mend in _SYNTAX:
        if words in problem:
            return Mistake(place, "", what, mend)
    return Mistake(place, "", f"This is not YAML: {shown(problem.strip())}.", "Compare with docs/policy.md.")
