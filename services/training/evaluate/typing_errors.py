"""Typing errors, as people make them: the same seed makes the same ones."""

import random
from collections.abc import Callable

# One word in so many gets an error.
WORDS_PER_ERROR = 5


def mistype(text: str, seed: int) -> str:
    """Return a text with typing errors in one word in five.

    Each is one of those that F. Damerau found four in five spelling errors to be ("A technique
    for computer detection and correction of spelling errors", 1964): a letter left out, doubled,
    or exchanged with the next.
    """
    chance = random.Random(f"{seed} {len(text)}")  # noqa: S311 - not for secrets
    return " ".join(
        _err(word, chance) if len(word) > 3 and chance.random() * WORDS_PER_ERROR < 1 else word  # noqa: PLR2004 - shorter words are rarely mistyped
        for word in text.split(" ")
    )


def _err(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word) - 1)
    return chance.choice(ERRORS)(word, place)


ERRORS: tuple[Callable[[str, int], str], ...] = (
    lambda word, place: word[:place] + word[place + 1 :],
    lambda word, place: word[: place + 1] + word[place:],
    lambda word, place: word[:place] + word[place + 1] + word[place] + word[place + 2 :],
)
