from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.artifacts.comparison import Differences, compare

trees = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("123"))


def test_each_kind_of_difference() -> None:
    earlier = {"same": "1", "changed": "2", "missing": "3", "old": "4"}
    present = {"same": "1", "changed": "x", "added": "5", "new": "4"}
    assert compare(earlier, present) == Differences(("changed",), ("missing",), ("added",), (("old", "new"),))


def test_copies_are_paired_in_order_and_what_is_left_is_missing_or_added() -> None:
    assert compare({"b": "1", "a": "1", "c": "1"}, {"y": "1", "x": "1"}).renamed == (("a", "x"), ("b", "y"))
    assert compare({"b": "1", "a": "1", "c": "1"}, {"y": "1", "x": "1"}).missing == ("c",)
    assert compare({"a": "1"}, {"y": "1", "x": "1"}).added == ("y",)


def test_a_copy_is_added_and_not_renamed() -> None:
    assert compare({"a": "1"}, {"a": "1", "b": "1"}) == Differences((), (), ("b",), ())


def test_two_files_that_swapped_their_contents_have_changed() -> None:
    assert compare({"a": "1", "b": "2"}, {"a": "2", "b": "1"}).changed == ("a", "b")


@settings(max_examples=200)
@given(trees, trees)
def test_the_differences_account_for_everything(earlier: dict[str, str], present: dict[str, str]) -> None:
    found = compare(earlier, present)
    rebuilt = dict(earlier)
    for name in found.missing:
        del rebuilt[name]
    moved = {new: rebuilt.pop(old) for old, new in found.renamed}
    rebuilt |= moved | {name: present[name] for name in (*found.changed, *found.added)}
    assert rebuilt == present
    assert bool(len(found)) is (earlier != present)


@settings(max_examples=50)
@given(trees, trees, st.randoms())
def test_order_never_matters(earlier: dict[str, str], present: dict[str, str], random: object) -> None:
    shuffled = list(present.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compare(dict(reversed(earlier.items())), dict(shuffled)) == compare(earlier, present)
