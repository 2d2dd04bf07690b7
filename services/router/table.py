"""The routing table: departments, margins and rules, read from TOML and checked at the start."""

import codecs
import tomllib
from collections import defaultdict
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
Topic = Annotated[str, Meta(pattern=r"^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$")]


class Department(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department, its topic, and how sure the model has to be to send it something.

    Without a threshold of its own, that of the model's manifest counts; where the manifest has
    none either, a person decides. Those that have a topic in common are all `shared`.
    """

    name: Name
    topic: Topic
    threshold: Share | None = None
    shared: bool = False


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

    Without a `min_in_remit` of its own, that of the model's manifest counts. `signposts` are who
    may help with what is for no department: the desk offers them.
    """

    version: Name
    review_topic: Topic
    min_margin: Share
    departments: dict[str, Department]
    min_in_remit: Share | None = None
    signposts: tuple[Name, ...] = ()
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
        table = msgspec.convert(tomllib.loads(_decoded(path.read_bytes())), Table)
    except OSError as error:
        raise ConfigurationError(
            f"The routing table {path} cannot be read ({error.strerror}): set ROUTER_ROUTES to "
            "one that exists."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The routing table {path} is not TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"The routing table {path} is wrong: {error}.") from None
    _check_topics(path, table)
    _check_rules(path, table)
    return table


def sameness(topic: str) -> str:
    """Return what two topics have in common of which Kafka refuses the second: `.` is as `_`."""
    return topic.replace("_", ".")


def _decoded(content: bytes) -> str:
    """Read a file of which an editor or a shell may have made UTF-16, or UTF-8 with a mark."""
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf_16 else "utf-8-sig")


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


def check_audit_topic(table: Table, topic: str) -> None:
    """See that copies for an audit do not go where somebody would take them for inquiries.

    Raises:
        ConfigurationError: The table sends inquiries there.
    """
    if sameness(topic) in map(sameness, table.topics):
        raise ConfigurationError(
            f"The routing table sends inquiries to {topic}, where copies for an audit go: set "
            "ROUTER_AUDIT_TOPIC to a topic of its own."
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


def flags_without_rule(table: Table, flags: Collection[str]) -> list[str]:
    """Return the flags that the models raise and no rule of the table waits for."""
    return sorted(set(flags) - {rule.flag for rule in table.rules})


def _check_topics(path: Path, table: Table) -> None:
    """See that no department gets what is another's, or what is left to a person, by a slip."""
    sharing: dict[str, list[str]] = defaultdict(list)
    for label, each in table.departments.items():
        sharing[sameness(each.topic)].append(label)
    for labels in sharing.values():
        if len(labels) > 1 and not all(table.departments[label].shared for label in labels):
            raise ConfigurationError(
                f"The routing table {path} has one topic, {table.departments[labels[0]].topic}, "
                f"for {', '.join(labels)}: give each its own, or write shared = true below each."
            )
    if own := sharing.get(sameness(table.review_topic)):
        raise ConfigurationError(
            f"The routing table {path} sends {', '.join(own)} to the review topic, where a person "
            "decides: give each a topic of its own."
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
