"""Patterns of what is packed in a file: `*.pt!archive/data.pkl`."""

from modelseal.gate import patterns


def matches(pattern: str, file: str, members: str) -> bool:
    """Whether a file, or what is packed in it, matches a glob pattern as a path does.

    Without a `!` the pattern is the file's, whatever is packed in it. With one, what comes after it is the pattern of
    the member. So no name that somebody gives a member is taken for a file's.

    Args:
        pattern: The pattern.
        file: The file's path.
        members: The member's name, of nested ones each after a `!`; empty for the file itself.

    Raises:
        InputError: The pattern is not one.
    """
    patterns.compile_path(pattern)
    of_file, inside, of_member = pattern.partition("!")
    if not inside:
        return patterns.matches_path(pattern, file)
    found = patterns.glob_regex(patterns.without_start(of_file)).fullmatch(patterns.without_start(file))
    return found is not None and bool(members) and patterns.glob_regex(of_member).fullmatch(members) is not None
