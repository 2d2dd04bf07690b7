"""The routing table: departments, margins and rules, read from TOML and checked at the start."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, structs

from services.errors import ConfigurationError
from services.messages.decision import Priority
from services.messages.language_tag import language_of
from services.router.phrases import words_of

Share = Annotated[float, Meta(ge=0, le=1)]
Name = Annotated[str, Meta(min_length=1)]
Topic = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9._-]{1,249}$")]


class Department(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department, its topic, and how sure the model has to be to send it something.

    Without a threshold of its own, that of the model's manifest counts; where the manifest has
    none either, a person decides.
    """

    name: Name
    topic: Topic
    threshold: Share | None = None


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule that looks at the words, the language or the flags of an inquiry.

    It fires where the inquiry is in one of `languages`, has `at_least` different ones of
    `phrases`, or where the model raises `flag`: finds it as likely as its manifest says, or as
    `flag_threshold` does. Capitals, accents and punctuation do not count. It then sends the inquiry
    to review, or raises its priority, or both.
    """

    id: Name
    reason: Name
    send_to: Literal["review"] | None = None
    priority: Priority = "normal"
    phrases: tuple[Name, ...] = ()
    at_least: Annotated[int, Meta(ge=1)] = 1
    languages: tuple[Name, ...] = ()
    flag: Name | None = None
    flag_threshold: Share | None = None

    def __post_init__(self) -> None:
        """Take languages as they are taken of inquiries: `Welsh` and `cy-GB` are `cy`."""
        structs.force_setattr(self, "languages", tuple(map(language_of, self.languages)))


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole table; `version` is written into every route that it decides.

    Without a `min_in_remit` of its own, that of the model's manifest counts.
    """

    version: Name
    review_topic: Topic
    min_margin: Share
    departments: dict[str, Department]
    min_in_remit: Share | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that the table can send to."""
        return frozenset({self.review_topic, *(d.topic for d in self.departments.values())})

    def prefixed(self, prefix: str) -> "Table":
        """Return this table with a prefix before each topic."""
        return structs.replace(
            self,
            review_topic=prefix + self.review_topic,
            departments={
                label: structs.replace(each, topic=prefix + each.topic)
                for label, each in self.departments.items()
            },
        )


def load_table(path: Path) -> Table:
    """Read and check a routing table.

    Raises:
        ConfigurationError: The file cannot be read, is not TOML, or says something wrong.
    """
    try:
        table = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Table)
    except OSError as error:
        raise ConfigurationError(
            f"The routing table {path} cannot be read ({error.strerror}): set ROUTER_ROUTES to "
            "one that exists."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The routing table {path} is not TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"The routing table {path} is wrong: {error}.") from None
    _check_rules(path, table)
    return table


def check_labels(table: Table, labels: Collection[str]) -> None:
    """Hold the table against the labels of the model.

    Raises:
        ConfigurationError: A department of the model has no route, or the other way round.
    """
    if unrouted := sorted(set(labels) - set(table.departments)):
        raise ConfigurationError(
            f"The routing table has no department for the model's {', '.join(unrouted)}: add "
            "each with a name and a topic."
        )
    if unknown := sorted(set(table.departments) - set(labels)):
        raise ConfigurationError(
            f"The routing table has departments that the model does not know: "
            f"{', '.join(unknown)}; remove them, or use the model that has them."
        )


def check_flags(table: Table, flags: Collection[str]) -> None:
    """Hold the rules against the flags of the models.

    Raises:
        ConfigurationError: A rule waits for a flag that no model raises.
    """
    for rule in table.rules:
        if rule.flag is not None and rule.flag not in flags:
            known = ", ".join(sorted(flags)) or "none"
            raise ConfigurationError(
                f"The rule {rule.id} of the routing table waits for the flag {rule.flag}, which no "
                f"model raises (they raise {known}): correct it, or use a model that has learnt it."
            )


def _check_rules(path: Path, table: Table) -> None:
    ids = [rule.id for rule in table.rules]
    if twice := sorted({rule for rule in ids if ids.count(rule) > 1}):
        raise ConfigurationError(
            f"The routing table {path} has more than one rule {', '.join(twice)}: give each rule "
            "an id of its own."
        )
    for rule in table.rules:
        if not (rule.phrases or rule.languages or rule.flag):
            raise ConfigurationError(
                f"The rule {rule.id} of {path} can never fire: give it phrases, languages or a "
                "flag."
            )
        if "" in rule.languages:
            raise ConfigurationError(
                f"The rule {rule.id} of {path} has a language that names none: write such as cy."
            )
        if empty := [phrase for phrase in rule.phrases if not words_of(phrase)]:
            raise ConfigurationError(
                f"The rule {rule.id} of {path} has a phrase without a word ({empty[0]!r}): a "
                "phrase is one word or more."
            )
        if rule.send_to is None and rule.priority == "normal":
            raise ConfigurationError(
                f"The rule {rule.id} of {path} does nothing: give it send_to or priority."
            )
        if rule.flag is None and rule.flag_threshold is not None:
            raise ConfigurationError(
                f"The rule {rule.id} of {path} has a flag_threshold and no flag: give it the flag."
            )
    _check_flag_thresholds(path, table)


def _check_flag_thresholds(path: Path, table: Table) -> None:
    """See that rules agree on when a flag is raised: it is, or it is not."""
    for flag in {rule.flag for rule in table.rules if rule.flag is not None}:
        if len({rule.flag_threshold for rule in table.rules if rule.flag == flag}) > 1:
            raise ConfigurationError(
                f"The routing table {path} has several thresholds for the flag {flag}: give all "
                "its rules the same flag_threshold, or none."
            )
