"""The decision: one classified inquiry and the table in, one route out."""

from datetime import datetime

from services.messages.decision import Classification, Priority, Reason, Route
from services.messages.inquiry import Inquiry
from services.messages.language_tag import languages_of
from services.model.automatic import is_automatic
from services.model.decoding import decode
from services.model.language import Recognised
from services.model.manifest import Limits
from services.model.reading import read_both
from services.router.limits import LimitsByModel
from services.router.phrases import PhraseBook
from services.router.table import Rule, Table

NO_FLAGS: frozenset[str] = frozenset()
NO_LANGUAGES: frozenset[str] = frozenset()


class Decider:
    """A routing table made ready to decide.

    What a person must see comes first: a rule, then what a machine sent, then a classification of a
    model whose limits are not known, then an inquiry that no department should get, then one that
    the model is not sure of, then one whose runner-up is too close. `flags` are all that any of the
    models can raise.
    """

    def __init__(self, table: Table, limits: LimitsByModel) -> None:
        self.table = table
        self.limits = limits
        self._rules = sorted(table.rules, key=lambda rule: rule.send_to is None)
        self._phrases = PhraseBook({rule.id: rule.phrases for rule in table.rules})
        self._languages = frozenset(tag for rule in table.rules for tag in rule.languages)
        self._recognised = Recognised(self._languages)
        self.flags = frozenset(flag for each in limits.values() for flag in each.flags)

    def decide(self, inquiry: Inquiry, classification: Classification, now: datetime) -> Route:
        """Decide where an inquiry goes.

        Args:
            inquiry: What was asked.
            classification: What the model makes of it.
            now: The time to write into the route.
        """
        limits = self.limits.get(classification.model)
        automatic = is_automatic(inquiry.full_text, inquiry.attributes)
        # A machine is in no danger, whatever its words.
        raised = NO_FLAGS if automatic else self.raised(classification)
        fired = self._fired(inquiry, raised)
        reason = self._reason(fired, classification, limits, automatic=automatic)
        topic = self.table.review_topic
        if reason == "confident":
            topic = self.table.departments[classification.department].topic
        urgent = fired and any(rule.priority == "high" for rule in fired)
        priority: Priority = "high" if urgent else "normal"
        return Route(
            topic=topic,
            reason=reason,
            priority=priority,
            table=self.table.version,
            routed_at=now,
            rule=fired[0].id if fired else None,
        )

    def raised(self, classification: Classification) -> frozenset[str]:
        """Return the flags that are as likely as their limits ask for."""
        limits, given = self.limits.get(classification.model), classification.flags
        if limits is None or not given:
            return NO_FLAGS
        raised = [n for n, limit in limits.flags.items() if n in given and given[n] >= limit]
        return frozenset(raised) if raised else NO_FLAGS

    def _fired(self, inquiry: Inquiry, flags: frozenset[str]) -> list[Rule]:
        """Return the rules that fire, those that send to review first, each kind in table order."""
        text, subject = inquiry.text, inquiry.subject
        said = read_both(text, subject)
        # What is all of a text without a subject line was found to be decoded.
        found = self._phrases.find(text if said.rules is text else decode(said.rules))
        languages = self._languages_of(said.read, inquiry.language)
        if not (found or flags or languages):
            return []
        return [
            rule
            for rule in self._rules
            if found.get(rule.id, 0) >= rule.at_least
            or rule.flag in flags
            or not languages.isdisjoint(rule.languages)
        ]

    def _languages_of(self, read: str, tag: str | None) -> frozenset[str]:
        """Return those of the rules' languages that an inquiry is said to be in, or is in.

        Many forms say `en` of whatever is written into them.
        """
        if not self._languages:
            return NO_LANGUAGES
        named = self._languages.intersection(languages_of(tag))
        return named if named == self._languages else named | self._recognised.of(read)

    def _reason(
        self,
        fired: list[Rule],
        classification: Classification,
        limits: Limits | None,
        *,
        automatic: bool,
    ) -> Reason:
        if fired and fired[0].send_to:
            return "rule"
        if automatic:
            return "automatic"
        if limits is None:
            return "unknown-model"
        if classification.in_remit < limits.in_remit:
            return "out-of-remit"
        return self._doubt(classification, limits) or "confident"

    def _doubt(self, classification: Classification, limits: Limits) -> Reason | None:
        """Say why the model is not sure enough of the department, or None."""
        threshold = limits.thresholds.get(classification.department)
        if threshold is None or classification.probability < threshold:
            return "low-confidence"
        alternatives = classification.alternatives
        runner_up = alternatives[0].probability if alternatives else 0.0
        if classification.probability - runner_up < self.table.min_margin:
            return "ambiguous"
        return None
