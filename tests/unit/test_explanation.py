import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.explanation import FlagReasons, Reasons, explain, explain_flag
from services.model.text_model import Model, load_model
from services.resources import shipped

MODEL = load_model(shipped("models", "uk-departments"), threads=1)
PENSION = "My state pension has not been paid. Ŵyr, who do I write to about my pension?"


def logits_of(model: Model, text: str) -> dict[str, float]:
    [logits] = model.run(model.vocabulary.read([text]), "logits")
    return dict(zip(model.labels, logits[0].tolist(), strict=True))


def total(reasons: Reasons | FlagReasons) -> float:
    return reasons.bias + sum(each.value for each in reasons.contributions) + reasons.rest


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=60)
def test_contributions_sum_to_the_logit_that_is_served(text: str) -> None:
    """What fragments add, and the bias, make up the logit of the graph, for any text."""
    for reasons in explain(MODEL, text):
        served = logits_of(MODEL, text)[reasons.department]
        assert total(reasons) == pytest.approx(reasons.logit)
        assert reasons.logit == pytest.approx(served, abs=1e-3)


def test_the_first_two_departments_are_explained() -> None:
    """The departments that are explained are the most probable one and the next."""
    probabilities = MODEL.score([PENSION]).probabilities[0]
    best, second = (MODEL.labels[n] for n in np.argsort(-probabilities)[:2])
    assert [reasons.department for reasons in explain(MODEL, PENSION)] == [best, second]


def test_what_spoke_most_comes_first() -> None:
    """Fragments are in the order of what they add, whether for a department or against it."""
    first, _ = explain(MODEL, PENSION)
    sizes = [abs(each.value) for each in first.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert "stat… pens…" in [each.fragment for each in first.contributions]


def test_a_fragment_that_stands_twice_is_named_once() -> None:
    """A word that the text has more than once is one fragment with all that it adds."""
    first, _ = explain(MODEL, PENSION)
    fragments = [each.fragment for each in first.contributions]
    assert len(fragments) == len(set(fragments))


def test_without_its_words_a_text_says_nothing_for_a_department() -> None:
    """A text of unknown words alone has no fragments: the bias is all there is."""
    first, _ = explain(MODEL, "zzxqj qqqzj")
    assert first.contributions == ()
    assert first.logit == pytest.approx(first.bias)


def test_explanations_name_only_what_the_text_has() -> None:
    """Every word of a fragment, without its `…`, is in the text without capitals and accents."""
    plain = " ".join("".join(c if c.isalnum() else " " for c in PENSION.lower()).split())
    plain = plain.replace("ŵ", "w")
    for reasons in explain(MODEL, PENSION):
        for each in reasons.contributions:
            assert all(word.strip("…") in plain for word in each.fragment.split())


@given(st.text(max_size=300) | st.just("I want to die, and nobody helps me"))
@settings(deadline=None, max_examples=60)
def test_contributions_sum_to_the_score_of_a_flag(text: str) -> None:
    """What fragments add, and the bias, make up the score of each flag in the graph."""
    [scores] = MODEL.run(MODEL.vocabulary.read([text]), "flag_scores")
    for flag, served in zip(MODEL.flags, scores[0].tolist(), strict=True):
        reasons = explain_flag(MODEL, text, flag)
        assert reasons.flag == flag
        assert total(reasons) == pytest.approx(reasons.score)
        assert reasons.score == pytest.approx(served, abs=1e-3)


def test_what_raised_a_flag_is_named_first() -> None:
    """The fragment that adds most to a flag's score stands first among its reasons."""
    [danger] = [flag for flag in MODEL.flags if flag == "danger"]
    first, *_ = explain_flag(MODEL, "The bus is late and I want to die.", danger).contributions
    assert "die" in first.fragment
    assert first.value > 0
