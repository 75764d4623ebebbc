import time

import pytest

from modelseal.errors import InputError
from modelseal.image import reference

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest", "exact", "file_name"),
    [
        ("fraud", "fraud", "", "", "fraud:latest", "fraud"),
        ("fraud:1.4", "fraud", "1.4", "", "fraud:1.4", "fraud-1.4"),
        ("fraud:latest", "fraud", "latest", "", "fraud:latest", "fraud"),
        ("ghcr.io/a/b_c/d__e.f-g:V1", "ghcr.io/a/b_c/d__e.f-g", "V1", "", "ghcr.io/a/b_c/d__e.f-g:V1", "d__e.f-g-V1"),
        ("localhost:5000/x", "localhost:5000/x", "", "", "localhost:5000/x:latest", "x"),
        ("127.0.0.1:5000/x:1", "127.0.0.1:5000/x", "1", "", "127.0.0.1:5000/x:1", "x-1"),
        (f"a/b@{DIGEST}", "a/b", "", DIGEST, f"a/b@{DIGEST}", "b"),
        (f"a/b:1@{DIGEST}", "a/b", "1", DIGEST, f"a/b:1@{DIGEST}", "b-1"),
    ],
)
def test_takes_names_apart(  # noqa: PLR0913 -- one for each part
    text: str, repository: str, tag: str, digest: str, exact: str, file_name: str
) -> None:
    parsed = reference.parse(text)
    assert (parsed.text, parsed.repository, parsed.tag, parsed.digest) == (text, repository, tag, digest)
    assert (parsed.exact, parsed.file_name) == (exact, file_name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Fraud",
        "fraud:",
        "fraud:-1",
        "fraud:a b",
        ":1",
        "/x",
        "x/",
        "a//b",
        "a/../b",
        "../x",
        "-x",
        "x@",
        "x y",
        "x\n",
        "x:1\n",
        "\nx",
        "x;id",
        "$(id)",
        "x`id`",
        "x|y",
        "x:1:2",
        "x:../../y",
        "--privileged",
        "x\0y",
        "x:" + "a" * 129,
        "x@sha256:abc",
        f"x@{DIGEST.upper()}",
        f"x@{DIGEST}0",
        f"x@sha512:{'0' * 64}",
        "été",
        "x:é",
        "http://x/y",
        "a_._b",
        ".a",
        "a___b",
        "x:%0A",
        "host:port/x",
        "host:123456/x",
    ],
)
def test_refuses_what_is_no_name(text: str) -> None:
    with pytest.raises(InputError):
        reference.parse(text)


def test_an_endless_name_is_refused_at_once() -> None:
    start = time.monotonic()
    for text in ("a" * 200_000 + "!", "a-" * 100_000, "a/" * 100_000, "a." * 100_000, "a_" * 100_000):
        with pytest.raises(InputError):
            reference.parse(text)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("text", ["", DIGEST])
def test_takes_digests(text: str) -> None:
    assert reference.digest(text) == text


@pytest.mark.parametrize(
    "text", [DIGEST.upper(), DIGEST[:-1], f"{DIGEST}0", f"{DIGEST}\n", DIGEST[7:], f"sha512:{'0' * 64}"]
)
def test_refuses_what_is_no_digest(text: str) -> None:
    with pytest.raises(InputError):
        reference.digest(text)
