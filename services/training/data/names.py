"""Labels and flags by where they stand, and which of them may be shown: a column may hold texts."""

from collections.abc import Iterable, Sequence
from itertools import chain

from services.training.data.faults import Place, lines_named

# A name that so many rows have is a name, and not what a citizen wrote: it may be shown.
CERTAIN = 10
MOST_NAMES, MOST_LINES, MOST_WORDS = 5, 3, 10
# Of names few are rarer than that, or else few rows have such.
MOST_RARE, MOST_RARE_ROWS = 10, 0.25


class Names(dict[str, list[Place]]):
    """Where each name stands.

    `are_names` is false where the column seems to hold texts. Then no name is shown, however many
    rows have it: short texts recur.
    """

    are_names: bool = True

    def certain(self, name: str) -> bool:
        """Say whether a name is one for certain, so that it may be shown."""
        return (
            self.are_names
            and len(self.get(name, ())) >= CERTAIN
            and len(name.split()) <= MOST_WORDS
            and not {"?", "!", "\n"} & {*name}
        )

    def shown(self, name: str) -> str:
        """Return a name that is one for certain, and of any other the lines it stands in."""
        if self.certain(name):
            return name
        places = self.get(name)
        if not places:
            return "one"
        lines = sorted(place.line for place in places if place.path == places[0].path)
        return f"the one in {lines_named(lines, MOST_LINES)} of {places[0].path}"

    def listed(self, names: Sequence[str]) -> str:
        """List names for a sentence, each as it may be shown."""
        listed = ", ".join(map(self.shown, names[:MOST_NAMES]))
        more = len(names) - MOST_NAMES
        return f"{listed} and {more:,} more (is that the right column?)" if more > 0 else listed


def names_of_rows(rows: Iterable[tuple[Place, str, Iterable[str]]]) -> Names:
    """Return where each name stands.

    Args:
        rows: Of each the place, the text, and the names.
    """
    found, texts = Names(), list[str]()
    for place, text, names in rows:
        for name in names:
            found.setdefault(name, []).append(place)
            texts.append(text)
    found.are_names = _are_names(found, texts)
    return found


def joined(each: Sequence[Names]) -> Names:
    """Return where each name stands, of several files together."""
    found = Names()
    for name, places in chain.from_iterable(names.items() for names in each):
        found.setdefault(name, []).extend(places)
    found.are_names = all(names.are_names for names in each)
    return found


def _are_names(names: Names, texts: Sequence[str]) -> bool:
    """Say whether names are shorter than the texts they are of, and mostly recur."""
    rare = [len(places) for places in names.values() if len(places) < CERTAIN]
    length = sum(len(name) * len(places) for name, places in names.items())
    recur = len(rare) <= MOST_RARE or sum(rare) <= MOST_RARE_ROWS * len(texts)
    return recur and length <= sum(map(len, texts))
