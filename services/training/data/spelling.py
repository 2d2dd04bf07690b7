"""Names that are one name written in several ways: each would become a department of its own."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import combinations

from services.training.data.faults import Fault
from services.training.data.names import Names

_parted = re.compile(r"[;,/&+\n]|\band\b").split
ALIKE = 0.9


def key_of(name: str) -> str:
    """Return what is left of a name without case, blanks, ligatures and what cannot be seen."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(
        each for each in folded if not each.isspace() and unicodedata.category(each) != "Cf"
    )


def spelling_faults(names: Names, column: str) -> list[Fault]:
    """Return a fault for each name that another has but for case and blanks; the rarer is wrong.

    Args:
        names: Where each name stands.
        column: Where they stand in, for the sentence.
    """
    spelt = defaultdict[str, list[str]](list)
    for name in names:
        spelt[key_of(name)].append(name)
    faults = []
    for same in spelt.values():
        usual, *others = sorted(same, key=lambda name: (-len(names[name]), names[name][0]))
        for each in others:
            first, *more = names[each]
            rows = f" (and so have {len(more):,} more rows)" if more else ""
            faults.append(
                Fault(
                    first,
                    f"has in {column} what {names[usual][0]} has, but for case or blanks{rows}: "
                    "write both in one way.",
                )
            )
    return faults


def near_doubles(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of names that differ by little: punctuation, `and` for `&`, a letter or two.

    Those that differ by case or blanks alone are not among them: they are faults.
    """
    keys = {name: _bare(name) for name in names}
    return [
        (one, other)
        for one, other in combinations(names, 2)
        if key_of(one) != key_of(other)
        and (keys[one] == keys[other] or _alike(keys[one], keys[other]))
    ]


def joined_names(names: Sequence[str]) -> list[str]:
    """Return the names that are made of others, parted by anything but `|`."""
    known = {key_of(name) for name in names}
    parts = {name: [*map(key_of, _parted(name))] for name in names}
    return [name for name in names if len(parts[name]) > 1 and known.issuperset(parts[name])]


def _bare(name: str) -> str:
    words = name.replace("&", " and ").casefold().split()
    return "".join(letter for word in words for letter in word if letter.isalnum())


def _alike(one: str, other: str) -> bool:
    if any(map(str.isdigit, one + other)):  # team1 and team2 differ by what they are called by
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE
