"""The patterns of a policy: which packages, paths and images a rule or waiver is about.

Nothing matches by accident: no prefix, no substring, no regular expression, no case folding but where a package
registry itself does not tell names apart. Matching takes time linear in the text, whoever wrote it.
"""

import functools
import re
from typing import NamedTuple

from modelseal.errors import InputError

MAX_LENGTH = 500

# What a JSON Schema can say about patterns, in the words that ECMA-262 and Python's `re` share. The first part of a
# glob asks that something is named at all: `**` alone would match everything.
GLOB = (
    r"^(?!.*//)(?!.*/$)(?!.*(^|/)\.\.(/|$))(?!.*[^/]\*\*)(?!.*\*\*[^/])(?=.*[^*?/.])"
    r"[^!\[\]{}\\\s]([^\[\]{}\\\n\r\t]*[^\[\]{}\\\s])?$"
)
_SEGMENT = r"([^/@?#*%=<>\s]|%[0-9A-Fa-f]{2})+"
PACKAGE_URL = (
    rf"^pkg:[A-Za-z][A-Za-z0-9.+-]*(/@?{_SEGMENT})*/(\*|{_SEGMENT}(@{_SEGMENT})?"
    r"(\?[A-Za-z][A-Za-z0-9._-]*=([^&?#*%\s]|%[0-9A-Fa-f]{2})+(&[A-Za-z][A-Za-z0-9._-]*=([^&?#*%\s]|%[0-9A-Fa-f]{2})+)*)?)$"
)

_RIGHT_TYPES = {
    "python": "pypi", "pip": "pypi", "python-pkg": "pypi", "debian": "deb/debian", "ubuntu": "deb/ubuntu",
    "alpine": "apk/alpine", "node": "npm", "node-pkg": "npm", "go": "golang", "gobinary": "golang", "java": "maven",
    "jar": "maven", "ruby": "gem", "rubygems": "gem", "rust": "cargo", "crates": "cargo", "redhat": "rpm/redhat",
}  # fmt: skip
_WITH_NAMESPACE = {
    "alpm": "arch", "apk": "alpine", "bitbucket": "owner", "deb": "debian", "github": "owner", "maven": "org.example",
    "rpm": "redhat",
}  # fmt: skip
_WITHOUT_NAMESPACE = frozenset({
    "bitnami", "cargo", "cocoapods", "conda", "cran", "gem", "hackage", "nuget", "oci", "pub", "pypi",
})  # fmt: skip
# What a new user writes instead, and what to write; the first that is found counts.
_PURL_MISTAKES = (
    (r"^(?!pkg:)", "Write the type of package before its name: pkg:pypi/{name}, pkg:deb/debian/zlib1g."),
    (r"\*", "`*` can only stand for a whole name, at the end: pkg:npm/%40scope/*. For any version, leave it out."),
    (r"^[^?]*[=<>]", "A version comes after `@`: pkg:pypi/pillow@10.0.0."),
    (r"#", "Take out what begins with `#`: a pattern names a package. Give a file as `path`."),
    (r"\s", "Take the spaces out."),
    (r"", "Write it like pkg:pypi/pillow, pkg:deb/debian/zlib1g or pkg:npm/%40scope/name@1.2.3."),
)
_GLOB_MISTAKES = (
    (r"[\n\r\t]|^\s|\s$", "Take out the spaces, tabs and line breaks around it."),
    (r"^!", "There is no `!` for exceptions: name what is meant."),
    (r"\\", "Write `/` between folders; there is no `\\`."),
    (
        r"[\[\]{}]",
        "Only `*`, `**` and `?` stand for something else. Write `?` for a bracket, and each choice on its own.",
    ),
    (r"[^/]\*\*|\*\*[^/]", "`**` stands for whole folders: write `usr/**/*.py`, or one `*` within a name."),
    (r"(^|/)\.\.(/|$)", "Write the path without `..`."),
    (r"[^/]/+$", "For everything in a folder write `{folder}/**`."),
    (r"//", "Write one `/` between folders."),
)
# Types that the specification wants in lower case, and the library leaves as they are.
_LOWER = frozenset({"deb", "golang"})
# The library drops white space and slashes around a name: what has them is not the package without them.
_TRIMMED = re.compile(r"[^@?#]*(?:[\s\0-\x1f]|%(?:[01][0-9A-Fa-f]|20|2[Ff]|7[Ff]))")
_START = re.compile(r"(?:\./|/)+")


class Package(NamedTuple):
    """What a package URL names, as it is compared; what it leaves out is empty.

    Attributes:
        type: `pypi`, `deb`.
        namespace: `debian`, `@scope`, `org.example`.
        name: The package's; in a pattern empty for every one.
        version: As the URL has it.
        qualifiers: Pairs of key and value.
    """

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: frozenset[tuple[str, str]]


def matches_purl(pattern: str, purl: str) -> bool:
    """Whether a package URL is of the package that a pattern names.

    Type, namespace and name are the same after normalisation. A version and qualifiers that the pattern has are the
    same too; what it leaves out may be anything. `*` in the place of the name stands for every name of that
    namespace. What is not a package URL matches nothing.

    Raises:
        InputError: The pattern is not one.
    """
    wanted, found = compile_purl(pattern), _package(purl)
    return (
        found is not None
        and (wanted.type, wanted.namespace) == (found.type, found.namespace)
        and wanted.name in ("", found.name)
        and wanted.version in ("", found.version)
        and wanted.qualifiers <= found.qualifiers
    )


def matches_path(pattern: str, path: str) -> bool:
    """Whether a path matches a glob pattern; leading `/` and `./` mean nothing, in either.

    `*` stands for any characters but `/`, `?` for one, `**` for any number of folders. Letters' case counts.

    Raises:
        InputError: The pattern is not one.
    """
    return compile_path(pattern).fullmatch(without_start(path)) is not None


def matches_name(pattern: str, text: str) -> bool:
    """Whether a name matches a glob pattern as a path does, but for its start: that is compared as it is.

    Raises:
        InputError: The pattern is not one.
    """
    return compile_name(pattern).fullmatch(text) is not None


def matches_image(pattern: str, image: str) -> bool:
    """Whether an image's name matches a glob pattern; a tag or digest that the pattern leaves out may be any.

    Raises:
        InputError: The pattern is not one.
    """
    named = image.partition("@")[0]
    folder, slash, last = named.rpartition("/")
    if "@" in pattern:
        compared = image
    elif ":" in pattern.rpartition("/")[2]:
        compared = named
    else:
        compared = folder + slash + last.partition(":")[0]
    return matches_name(pattern, compared)


@functools.lru_cache(maxsize=1024)
def compile_purl(pattern: str) -> Package:
    """Read a package URL pattern.

    Raises:
        InputError: It is not one, or is one that no package can ever match.
    """
    if len(pattern) > MAX_LENGTH or not re.fullmatch(PACKAGE_URL, pattern):
        raise _not_a_purl(pattern)
    whole = pattern.endswith("/*")
    wanted = _package(f"{pattern[:-1]}every" if whole else pattern)
    if wanted is None:
        raise InputError(
            f"`{_shown(pattern)}` is not a package URL pattern.",
            mend="Write it like pkg:pypi/pillow; `%` stands only before two digits of an encoded character.",
        )
    wanted = wanted._replace(name="") if whole else wanted
    _check_type(wanted, pattern)
    return wanted


@functools.lru_cache(maxsize=4096)
def _package(purl: str) -> Package | None:
    """Take a package URL apart, so that two that name the same package are equal; None when it is none."""
    from modelseal.gate import package_url  # noqa: PLC0415 -- imports packageurl, which most runs do without

    if _TRIMMED.match(purl):
        return None
    found = package_url.parse(purl)
    if found is None:
        return None
    namespace, name = found.namespace or "", found.name
    if found.type == "pypi":  # all of these are one: https://packaging.python.org/specifications/name-normalization/
        name = re.sub(r"[-_.]+", "-", name)
    elif found.type in _LOWER:
        namespace, name = namespace.lower(), name.lower()
    return Package(found.type, namespace, name, found.version or "", frozenset(dict(found.qualifiers or {}).items()))


@functools.lru_cache(maxsize=1024)
def compile_path(pattern: str) -> re.Pattern[str]:
    """Read a glob pattern of paths, without the `/` or `./` at its start.

    Raises:
        InputError: It is not one, or it names nothing.
    """
    return _compiled(pattern, without_start(pattern))


@functools.lru_cache(maxsize=1024)
def compile_name(pattern: str) -> re.Pattern[str]:
    """Read a glob pattern of names.

    Raises:
        InputError: It is not one, or it names nothing.
    """
    return _compiled(pattern, pattern)


def without_start(path: str) -> str:
    """Return a path without what means nothing at its start."""
    start = _START.match(path)
    return path[start.end() :] if start else path


def _not_a_purl(pattern: str) -> InputError:
    if len(pattern) > MAX_LENGTH:
        return InputError(f"The pattern is longer than {MAX_LENGTH} characters.", mend="Name one package in it.")
    mend = next(mend for mistake, mend in _PURL_MISTAKES if re.search(mistake, pattern))
    name = pattern if re.fullmatch(r"[A-Za-z0-9._-]+", pattern) else "pillow"
    return InputError(f"`{_shown(pattern)}` is not a package URL pattern.", mend=mend.format(name=name))


def _check_type(wanted: Package, pattern: str) -> None:
    """Refuse what no package can ever match: it would be noticed too late, or never."""
    name = wanted.name or "*"
    if wanted.type in _RIGHT_TYPES:
        right = f"pkg:{_RIGHT_TYPES[wanted.type]}/{name}"
        raise InputError(f"`{wanted.type}` is not a type of package URLs.", mend=f"Write {_shown(right)}.")
    if wanted.type in _WITH_NAMESPACE and not wanted.namespace:
        right = f"pkg:{wanted.type}/{_WITH_NAMESPACE[wanted.type]}/{name}"
        raise InputError(
            f"`{_shown(pattern)}` has no namespace, which packages of type `{wanted.type}` always have.",
            mend=f"Write it like {_shown(right)}.",
        )
    if wanted.type in _WITHOUT_NAMESPACE and wanted.namespace:
        raise InputError(
            f"`{_shown(pattern)}` has a namespace, which packages of type `{wanted.type}` never have.",
            mend=f"Write pkg:{wanted.type}/{_shown(name)}.",
        )


def _compiled(pattern: str, bare: str) -> re.Pattern[str]:
    if len(pattern) > MAX_LENGTH or not re.fullmatch(GLOB, pattern):
        raise _not_a_glob(pattern)
    return glob_regex(bare)


@functools.lru_cache(maxsize=1024)
def glob_regex(bare: str) -> re.Pattern[str]:
    """Return what a glob pattern matches, of which the rest has been checked."""
    segments = bare.split("/")
    below = segments[-1] == "**"
    runs = re.split(r"(?:^|/)\*\*(?:/\*\*)*(?:/|$)", bare)
    if below:
        runs.pop()
    # Between two `**` the leftmost match is as good as any: an atomic group keeps to it, so time stays linear.
    parts = [_run(runs[0].split("/")) if runs[0] else ""]
    parts += [f"(?>(?:[^/]*+/)*?{_run(run.split('/'))}{{end}})" for run in runs[1:]]
    joined = [part.replace("{end}", "/" if below or part is not parts[-1] else r"\Z") for part in parts]
    if runs[0] and (below or len(runs) > 1):
        joined[0] += "/"
    return re.compile("".join(joined) + (".+" if below else ""), re.DOTALL)


def _run(segments: list[str]) -> str:
    return "/".join(map(_segment, segments))


def _segment(text: str) -> str:
    first, *chunks = map(_literal, re.split(r"\*+", text))
    if not chunks:
        return first
    middle = "".join(f"(?>[^/]*?{chunk})" for chunk in chunks[:-1])
    return f"{first}{middle}" + (f"(?>[^/]*{chunks[-1]}(?![^/]))" if chunks[-1] else "[^/]*+")


def _literal(text: str) -> str:
    return "[^/]".join(map(re.escape, text.split("?")))


def _not_a_glob(pattern: str) -> InputError:
    if len(pattern) > MAX_LENGTH:
        return InputError(f"The pattern is longer than {MAX_LENGTH} characters.", mend="Use `**` for folders.")
    for mistake, mend in _GLOB_MISTAKES:
        if re.search(mistake, pattern):
            folder = _shown(pattern.rstrip("/"))
            return InputError(f"`{_shown(pattern)}` is not a pattern.", mend=mend.format(folder=folder))
    return InputError(
        f"`{_shown(pattern)}` names nothing, so it would match everything.",
        mend="Name a folder, a file or an ending: `srv/tests/**`.",
    )


def _shown(text: str) -> str:
    visible = "".join(char if char.isprintable() and char != "`" else f"\\u{ord(char):04x}" for char in text[:80])
    return visible + ("…" if len(text) > 80 else "")  # noqa: PLR2004
