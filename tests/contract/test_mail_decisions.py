import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from services.classifier.classify import classify
from services.local.examples import EXAMPLES
from services.messages.decision import Route
from services.messages.inquiry import Inquiry
from services.model.text_model import Model, load_model
from services.resources import shipped
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.settings import RouterSettings
from tests.mail import CHANGES

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def examples() -> list[Inquiry]:
    """Return the examples that are inquiries, without the language that they name."""
    found = []
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        try:
            fields = json.loads(line)
            if fields["text"].strip():
                found.append(
                    Inquiry(id=fields["id"], text=fields["text"], subject=fields.get("subject"))
                )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # some are no inquiries, on purpose
    return found


INQUIRIES = examples()


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(shipped("models", "uk-departments"), threads=1)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return create_decider(RouterSettings())


@pytest.fixture(scope="module")
def as_they_are(model: Model, decider: Decider) -> list[Route]:
    return routes(model, decider, INQUIRIES)


def routes(model: Model, decider: Decider, inquiries: list[Inquiry]) -> list[Route]:
    classifications = classify(inquiries, model, NOW)
    pairs = zip(inquiries, classifications, strict=True)
    return [decider.decide(inquiry, made, NOW) for inquiry, made in pairs]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_is_usual_around_a_mail_does_not_outvote_it(
    change: Callable[[str], str], model: Model, decider: Decider, as_they_are: list[Route]
) -> None:
    """A change sends at most one of the sure ones elsewhere, three to a person, and loses no rule.

    Those that were sure are counted, and what is under, above and around the text is changed.
    """
    changed = [
        Inquiry(id=each.id, text=change(each.text), subject=each.subject) for each in INQUIRIES
    ]
    pairs = [*zip(as_they_are, routes(model, decider, changed), strict=True)]
    sure = [(before, after) for before, after in pairs if before.reason == "confident"]
    assert len(sure) > 50
    elsewhere = [
        after
        for before, after in sure
        if after.reason == "confident" and after.topic != before.topic
    ]
    to_a_person = [after for _, after in sure if after.reason != "confident"]
    lost = [before for before, after in pairs if before.reason == "rule" and after.reason != "rule"]
    assert (len(elsewhere) <= 1, len(to_a_person) <= 3, lost) == (True, True, [])
