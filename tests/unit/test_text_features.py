import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.folding import fold
from services.model.manifest import FeatureSettings
from services.model.text_features import VERSION, features_of

ANY_CHARACTER = st.characters(codec=None)
ANY_TEXTS = st.lists(st.text(ANY_CHARACTER, max_size=80), max_size=5)
FEW_LETTERS = st.lists(st.text("aâb😀年 ,", max_size=60), max_size=5)

WORDS = FeatureSettings(version=VERSION, pairs=False, prefix=0)
PAIRS = FeatureSettings(version=VERSION, pairs=True, prefix=0)
PREFIXES = FeatureSettings(version=VERSION, pairs=False, prefix=3)
GRAMS = FeatureSettings(version=VERSION, pairs=False, prefix=0, grams=(1, 3))
ALL = FeatureSettings(version=VERSION, grams=(2, 4))

# Never to be changed without a new VERSION: a model reads the features that it was trained on.
GOLDEN_VERSION = 1
GOLDEN_SETTINGS = FeatureSettings(version=GOLDEN_VERSION, pairs=True, prefix=5, grams=(6,))
GOLDEN = {
    "": [],
    "pension": [0x38DE61146A113261, 0xB39C24F387D3ECA6, 0xE233FF2F351E0206, 0xEAFCC9024460E0C6],
    "\u0174yneb T\u0177": [0x14CAEC08A5C4A752, 0x583C37EB42396BD5, 0x81B939264FF4BCF5],
    "\u5e74\u91d1 \U0001f600": [0xB064089D94D5FF16, 0xBFA66EC838338FD5, 0xFA3B0387B3E83CA0],
    "my state pension": [
        0x15708803F185FCAD,
        0x38DE61146A113261,
        0xA38B3E12B0069887,
        0xB39C24F387D3ECA6,
        0xE0F1AEA01653E2A3,
        0xE233FF2F351E0206,
        0xE5C58BB23A5A52D0,
        0xEAFCC9024460E0C6,
    ],
    "gardeners": [
        0x3BC0E9C44CA88CFD,
        0x56F9C26C27E969E7,
        0x85733043E109D930,
        0x8E626DE28348716D,
        0xF66AFDF92333C383,
        0xFDC0CAD35EF08FA5,
    ],
}
TELL = """
import json, sys
from services.model.text_features import features_of
from services.model.manifest import FeatureSettings

texts, settings = json.loads(sys.argv[1])
features = features_of(texts, FeatureSettings(**settings))
json.dump([features.rows.tolist(), features.hashes.tolist()], sys.stdout)
"""


def told(texts: Sequence[str], settings: FeatureSettings) -> list[list[int]]:
    """Return the hashes of each text, in the order of their size."""
    found: list[list[int]] = [[] for _ in texts]
    features = features_of(texts, settings)
    for row, value in zip(features.rows.tolist(), features.hashes.tolist(), strict=True):
        found[row].append(value)
    return [sorted(each) for each in found]


def spelled(texts: Sequence[str], settings: FeatureSettings) -> list[tuple[int, str, int]]:
    """Return (text, letters, hash) of the features that `settings` asks for beside the words."""
    letters, _ = fold(texts)
    found = features_of(texts, settings)
    each = (found.hashes, found.rows, found.starts, found.ends)
    features = [
        (row, "".join(map(chr, letters[start:end])), value)
        for value, row, start, end in zip(*(values.tolist() for values in each), strict=True)
    ]
    words = int(found.bounds[0, -1])
    return features[words:] if settings != WORDS else features


def words_of(text: str) -> list[str]:
    letters, _ = fold([text])
    return "".join(map(chr, letters)).replace("\0", " ").split()


def bare(found: list[tuple[int, str, int]]) -> list[tuple[int, str]]:
    return sorted(
        (row, " ".join(fragment.replace("\0", " ").split())) for row, fragment, _ in found
    )


def test_pairs_of_beginnings_are_alike_where_the_words_begin_alike() -> None:
    """Of two words next to each other so many letters count; shorter words count whole."""
    settings = FeatureSettings(version=VERSION, pair_letters=4, prefix=0)
    [ours], [theirs], [whole] = (
        set(told([text], settings)[0]) - set(told([text], WORDS)[0])
        for text in ("lost passport", "losttt Passes", "lost pass")
    )
    assert ours == theirs == whole
    assert told(["lost pass"], settings) == told(["lost pass"], PAIRS)


@given(ANY_TEXTS, ANY_TEXTS)
def test_a_text_has_the_same_features_in_any_batch(before: list[str], after: list[str]) -> None:
    """What stands before and after a text in a batch changes none of its features."""
    text = "Ble mae fy mhensiwn? The road 😀 tax"
    alone = told([text], ALL)
    assert told([*before, text, *after], ALL)[len(before)] == alone[0]


@given(st.text(ANY_CHARACTER, max_size=60), st.text(ANY_CHARACTER, max_size=60))
def test_a_word_has_the_same_hash_wherever_it_stands(left: str, right: str) -> None:
    """A word is the same feature at the start, in the middle and at the end of any text."""
    [[word]] = told(["pension"], WORDS)
    assert word in told([f"{left} pension {right}"], WORDS)[0]


@given(FEW_LETTERS)
def test_words_are_found(texts: list[str]) -> None:
    """Every word of a text is a feature, as often as it stands there."""
    wanted = [(row, word) for row, text in enumerate(texts) for word in words_of(text)]
    assert bare(spelled(texts, WORDS)) == sorted(wanted)


@given(FEW_LETTERS)
def test_pairs_are_found_and_cross_no_text(texts: list[str]) -> None:
    """Two words next to each other are a feature, but not the last of a text and the next's first.

    A separator between them does not matter.
    """
    wanted = [
        (row, f"{first} {second}")
        for row, text in enumerate(texts)
        for first, second in zip(words_of(text), words_of(text)[1:], strict=False)
    ]
    assert bare(spelled(texts, PAIRS)) == sorted(wanted)


@given(FEW_LETTERS)
def test_prefixes_are_found(texts: list[str]) -> None:
    """The first letters of every longer word are a feature, and those of shorter ones are not."""
    wanted = [
        (row, word[:3]) for row, text in enumerate(texts) for word in words_of(text) if word[3:]
    ]
    assert bare(spelled(texts, PREFIXES)) == sorted(wanted)


@given(FEW_LETTERS)
def test_grams_are_found_inside_words_only(texts: list[str]) -> None:
    """N-grams have the lengths that were asked for, and hold no separator."""
    wanted = [
        (row, word[start : start + size])
        for row, text in enumerate(texts)
        for word in words_of(text)
        for size in (1, 3)
        for start in range(len(word) - size + 1)
    ]
    assert bare(spelled(texts, GRAMS)) == sorted(wanted)


@pytest.mark.parametrize("length", range(1, 61))
def test_long_words_have_all_their_grams(length: int) -> None:
    """A word of any length has each of its n-grams, up to the last letter."""
    word = "".join(chr(0x4E00 + index) for index in range(length))
    wanted = [word[start : start + size] for size in (1, 3) for start in range(length - size + 1)]
    found = [fragment for _, fragment in bare(spelled(["x", word, "x"], GRAMS)) if fragment != "x"]
    assert found == sorted(wanted)


@given(FEW_LETTERS)
def test_different_features_have_different_hashes(texts: list[str]) -> None:
    """One word is one hash, and no other word's, pair's or prefix's."""
    for settings in (WORDS, PAIRS, PREFIXES):
        found = spelled(texts, settings)
        assert len({value for _, _, value in found}) == len(
            {fragment for _, fragment in bare(found)}
        )
    kinds = [
        {value for _, _, value in spelled(texts, settings)}
        for settings in (WORDS, PAIRS, PREFIXES, GRAMS)
    ]
    assert len(set().union(*kinds)) == sum(map(len, kinds))


def test_a_pair_is_in_order() -> None:
    """`tax road` is another pair than `road tax`."""
    assert told(["tax road"], PAIRS) != told(["road tax"], PAIRS)


def test_an_n_gram_that_starts_a_word_is_another_one() -> None:
    """`ten` at the start of a word tells something else than `ten` within one."""
    only = FeatureSettings(version=VERSION, pairs=False, prefix=0, grams=(3,))
    first, within = ({value for _, _, value in spelled([t], only)} for t in ("tens", "often"))
    assert not first & within
    assert {value for _, _, value in spelled(["often"], only)} & {
        value for _, _, value in spelled(["soften"], only)
    }


@given(st.lists(st.text(ANY_CHARACTER, max_size=3_000), max_size=4))
def test_any_text_gives_features(texts: list[str]) -> None:
    """Whatever people or machines send, features come of it and never an exception."""
    features = features_of(texts, ALL)
    assert features.hashes.dtype == np.uint64
    each = (features.hashes, features.rows, features.starts, features.ends)
    assert {len(values) for values in each} == {features.bounds[-1, -1]}
    assert features.bounds.shape[1] == len(texts) + 1
    assert (np.diff(features.bounds) >= 0).all()
    assert (features.starts < features.ends).all()


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["", ""], ["\0"], ["\ud800"], ["?!"], ["a"], ["", "a"], ["a", ""]],
    ids=ascii,
)
def test_nearly_nothing_gives_nearly_no_features(texts: list[str]) -> None:
    """No texts, empty ones and those without a letter are read like any other."""
    found = told(texts, ALL)
    assert [len(each) for each in found] == [len(words_of(text)) for text in texts]


@pytest.mark.parametrize("letter", ["a", "年", "😀"])
def test_a_text_without_a_space_is_not_slow(letter: str) -> None:
    """The longest text that is accepted costs milliseconds, also where it is one single word."""
    started = time.process_time()
    found = features_of([letter * 20_000], ALL)
    assert time.process_time() - started < 0.3
    assert len(found.hashes) == 1 + 1 + 19_999 + 19_997


def test_features_are_those_that_models_were_trained_on() -> None:
    """The hashes of this version of the features never change."""
    assert VERSION == GOLDEN_VERSION
    assert told([*GOLDEN], GOLDEN_SETTINGS) == [*GOLDEN.values()]


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2", "PYTHONUTF8": "1"},
    ],
    ids=["C", "UTF-8"],
)
def test_no_environment_changes_features(environment: dict[str, str]) -> None:
    """Locale, hash seed and number of threads make no difference to any hash."""
    asked = json.dumps([[*GOLDEN], {"version": VERSION, "prefix": 5, "grams": [6]}])
    printed = subprocess.run(
        [sys.executable, "-c", TELL, asked],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    found: list[list[int]] = [[] for _ in GOLDEN]
    for row, value in zip(*json.loads(printed), strict=True):
        found[row].append(value)
    assert [sorted(each) for each in found] == [*GOLDEN.values()]
