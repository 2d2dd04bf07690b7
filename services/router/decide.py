"""The decision: one classified inquiry and the table in, one route out."""

from datetime import datetime

from services.messages.decision import Classification, Priority, Reason, Route
from services.messages.inquiry import Inquiry
from services.router.limits import LimitsByModel
from services.router.phrases import PhraseBook
from services.router.table import Rule, Table


class Decider:
    """A routing table made ready to decide.

    What a person must see comes first: a rule, then a classification of a model whose limits are
    not known, then an inquiry that no department should get, then one that the model is not sure
    of, then one whose runner-up is too close.
    """

    def __init__(self, table: Table, limits: LimitsByModel) -> None:
        self.table = table
        self._limits = limits
        self._phrases = PhraseBook({rule.id: rule.phrases for rule in table.rules})
        self._languages = frozenset(tag for rule in table.rules for tag in rule.languages)

    def decide(self, inquiry: Inquiry, classification: Classification, now: datetime) -> Route:
        """Decide where an inquiry goes.

        Args:
            inquiry: What was asked.
            classification: What the model makes of it.
            now: The time to write into the route.
        """
        fired = self._fired(inquiry)
        reason = self._reason(fired, classification)
        topic = self.table.review_topic
        if reason == "confident":
            topic = self.table.departments[classification.department].topic
        priority: Priority = "high" if any(r.priority == "high" for r in fired) else "normal"
        return Route(
            topic=topic,
            reason=reason,
            priority=priority,
            table=self.table.version,
            routed_at=now,
            rule=fired[0].id if fired else None,
        )

    def _fired(self, inquiry: Inquiry) -> list[Rule]:
        """Return the rules that fire, those that send to review first, each kind in table order."""
        found = self._phrases.find(inquiry.full_text)
        language = primary_subtag(inquiry.language)
        if not found and language not in self._languages:
            return []
        fired = [
            rule
            for rule in self.table.rules
            if found.get(rule.id, 0) >= rule.at_least or language in rule.languages
        ]
        return sorted(fired, key=lambda rule: rule.send_to is None)

    def _reason(self, fired: list[Rule], classification: Classification) -> Reason:
        if fired and fired[0].send_to:
            return "rule"
        limits = self._limits.get(classification.model)
        if limits is None:
            return "unknown-model"
        if classification.in_remit < limits.in_remit:
            return "out-of-remit"
        threshold = limits.thresholds.get(classification.department)
        if threshold is None or classification.probability < threshold:
            return "low-confidence"
        alternatives = classification.alternatives
        runner_up = alternatives[0].probability if alternatives else 0.0
        if classification.probability - runner_up < self.table.min_margin:
            return "ambiguous"
        return "confident"


def primary_subtag(tag: str | None) -> str:
    """Return the language of a BCP 47 tag: `cy` of `cy-GB`; nothing for no tag."""
    return (tag or "").casefold().replace("_", "-").partition("-")[0]
