import pytest

from services.desk.words import SHOWN, SpokenWords
from services.messages.decision import Model
from services.model.manifest import read_manifest
from services.resources import shipped

FOLDER = shipped("models", "uk-departments")


@pytest.fixture(scope="module")
def words() -> SpokenWords:
    """The shipped model, which explains itself."""
    return SpokenWords(FOLDER)


def of_this_model() -> Model:
    manifest = read_manifest(FOLDER)
    return Model(manifest.name, manifest.version)


def test_the_words_that_spoke_are_those_of_the_text(words: SpokenWords) -> None:
    """At most so many as fit on a line, each of what was written, the strongest first."""
    spoke = words(of_this_model(), "My passport has not come, and the passport office is silent.")
    assert 0 < len(spoke) <= SHOWN
    assert "passport" in spoke[0]


@pytest.mark.parametrize("text", ["", "\x00", "zzqx"])
def test_where_nothing_spoke_nothing_is_shown(words: SpokenWords, text: str) -> None:
    """A text without anything that was learnt has no words to show."""
    assert not words(of_this_model(), text)


def test_another_models_words_are_not_made_up(words: SpokenWords) -> None:
    """What another model, or another version, has classified is not explained by this one."""
    mine = of_this_model()
    for other in (Model("another", mine.version), Model(mine.name, "another")):
        assert words(other, "My passport has not come.") == ()
