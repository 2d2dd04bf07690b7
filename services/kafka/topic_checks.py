"""What topics have to be for what is promised, and what breaks where they are not.

A check is a row of a table; each is a pure function of what the cluster said of one topic, and of
what that topic is for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

CLEANUP = "cleanup.policy"
RETENTION = "retention.ms"
RETENTION_BYTES = "retention.bytes"
TIME = "message.timestamp.type"
LOG_TIME = "LogAppendTime"
MESSAGE_BYTES = "max.message.bytes"
IN_SYNC = "min.insync.replicas"
HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS
# From three copies on a broker can go for good while another is away.
COPIES = 3
# So many topics are named; of more, the command that mends them has all.
NAMED = 3
# Up to which time a record may lie; before Kafka 3.6 one limit was for both sides.
SIDES = ("before", "after", "difference")
START = "kafka-server-start.sh server.properties"

# `wrong` breaks a promise as it is, `risky` does so once something else fails.
Severity = Literal["wrong", "risky"]


class Finding(NamedTuple):
    """What of a cluster is not as promised.

    Args:
        severity: Whether it breaks a promise now, or may.
        check: The name of what found it.
        about: The topics, users or brokers of which it was found.
        sentence: What is wrong, what that breaks and the command that mends it.
    """

    severity: Severity
    check: str
    about: tuple[str, ...]
    sentence: str


class Partition(NamedTuple):
    """Which brokers have a partition, which of them all of it, and which leads (-1: none)."""

    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True)
class Topic:
    """What the cluster says of a topic; `settings` is None where this user may not know."""

    partitions: tuple[Partition, ...]
    settings: Mapping[str, str | None] | None = None

    @property
    def replicas(self) -> int:
        """How many copies there are of the partition that has fewest."""
        return min((len(each.replicas) for each in self.partitions), default=0)

    def text(self, setting: str) -> str | None:
        """Return what a setting is, or None where that is not known."""
        return (self.settings or {}).get(setting)

    def number(self, setting: str) -> int | None:
        """Return a setting that is a number, or None where that is not known."""
        found = self.text(setting)
        return None if found is None else int(found)

    def cleaned_by(self, policy: str) -> bool:
        """Tell whether its records go by `delete` or by `compact`."""
        return policy in (self.text(CLEANUP) or "").split(",")


@dataclass(frozen=True)
class Use:
    """What a topic is for, from which follows what it has to be.

    Args:
        compacted: It keeps of each key the last, and that for ever.
        by_log_time: Its times have to be the broker's.
        kept_ms: For less than so long nothing may be lost that waits on it; 0 where nothing waits.
        waits_for_us: What waits there waits for the services, and not for somebody else's.
        takes_bytes: The largest batch that is written to it; 0 where none is.
        is_text: It has what citizens wrote, or who decided on it: nothing to keep for ever.
        replicas: How many copies were asked for; 0 where nobody said.
        partitions: How many partitions were asked for, likewise.
    """

    compacted: bool = False
    by_log_time: bool = False
    kept_ms: int = 0
    waits_for_us: bool = True
    takes_bytes: int = 0
    is_text: bool = True
    replicas: int = 0
    partitions: int = 0


class Fault(NamedTuple):
    """What is wrong, the command that mends it, and what there is to say of that.

    In the command of a topic's fault `{topic}` is the topic, and `{servers}` the brokers.
    """

    what: str
    command: str
    where: str = ""


class Check(NamedTuple):
    """A row of the table: what is looked for, and what it breaks."""

    name: str
    severity: Severity
    breaks: str
    look: Callable[[Topic, Use], Fault | None]


def _setting(
    name: str, needed: Callable[[Topic, Use], object | None]
) -> Callable[[Topic, Use], Fault | None]:
    """Look at one setting; `needed` says what it should be, or None where it is right."""

    def look(topic: Topic, use: Use) -> Fault | None:
        now = topic.text(name)
        if now is None or (value := needed(topic, use)) is None:
            return None
        return Fault(f"{name} is {_told(name, now)}", config_command("{topic}", name, value))

    return look


def _told(name: str, value: str) -> str:
    if name != RETENTION or int(value) < 0:
        return value or "empty"
    return f"{value} ({int(value) / HOUR_MS:,.4g} h)"


def config_command(topic: str, setting: str, value: object) -> str:
    """Return the command that sets a topic's setting; `{servers}` is the brokers there."""
    return (
        "kafka-configs.sh --bootstrap-server {servers} --alter --entity-type topics --entity-name "
        f"{topic} --add-config {setting}={value}"
    )


def partitions_command(topic: str, count: int) -> str:
    """Return the command that gives a topic more partitions, likewise."""
    return (
        "kafka-topics.sh --bootstrap-server {servers} --alter "
        f"--topic {topic} --partitions {count}"
    )


def _compacted(topic: Topic, use: Use) -> str | None:
    return "delete" if topic.cleaned_by("compact") and not use.compacted else None


def _forgets(topic: Topic, use: Use) -> str | None:
    return "compact" if use.compacted and topic.cleaned_by("delete") else None


def _uncleaned(topic: Topic, use: Use) -> str | None:
    if topic.text(CLEANUP):
        return None
    return "compact" if use.compacted else "delete"


def _time(topic: Topic, use: Use) -> str | None:
    return LOG_TIME if use.by_log_time and topic.text(TIME) != LOG_TIME else None


def _short(topic: Topic, use: Use) -> int | None:
    kept = topic.number(RETENTION)
    short = kept is not None and 0 <= kept < use.kept_ms and topic.cleaned_by("delete")
    return use.kept_ms if short else None


def _ours_short(topic: Topic, use: Use) -> int | None:
    return _short(topic, use) if use.waits_for_us else None


def _theirs_short(topic: Topic, use: Use) -> int | None:
    return None if use.waits_for_us else _short(topic, use)


def _for_ever(topic: Topic, use: Use) -> int | None:
    kept = topic.number(RETENTION)
    if kept is None or kept >= 0 or not use.is_text or use.compacted:
        return None
    return max(use.kept_ms, WEEK_MS)


def _by_size(topic: Topic, use: Use) -> int | None:
    limit = topic.number(RETENTION_BYTES)
    limited = limit is not None and limit >= 0 and topic.cleaned_by("delete")
    return -1 if limited and use.kept_ms else None


def _smaller(setting: str) -> Callable[[Topic, Use], int | None]:
    def needed(topic: Topic, use: Use) -> int | None:
        taken = topic.number(setting)
        return use.takes_bytes if taken is not None and taken < use.takes_bytes else None

    return needed


def _narrow(setting: str) -> Callable[[Topic, Use], int | None]:
    def needed(topic: Topic, use: Use) -> int | None:
        taken = topic.number(setting)
        looked_at = use.takes_bytes and topic.text(TIME) != LOG_TIME
        return HOUR_MS if looked_at and taken is not None and taken < HOUR_MS else None

    return needed


def _in_sync_where(holds: Callable[[int, int], bool]) -> Callable[[Topic, Use], int | None]:
    """Look at `min.insync.replicas` beside the copies; the right one is 2 of 3, or else 1."""

    def needed(topic: Topic, _use: Use) -> int | None:
        least = topic.number(IN_SYNC)
        found = least is not None and topic.partitions and holds(least, topic.replicas)
        return (2 if topic.replicas >= COPIES else 1) if found else None

    return needed


def _unclean(topic: Topic, _use: Use) -> str | None:
    return "false" if topic.text("unclean.leader.election.enable") == "true" else None


def _few_copies(topic: Topic, use: Use) -> Fault | None:
    if not topic.partitions or topic.replicas >= use.replicas:
        return None
    what = f"the replication factor is {topic.replicas}, and {use.replicas} was asked for"
    return more_copies(what, use.replicas)


def more_copies(what: str, copies: int) -> Fault:
    """Return a fault that is mended by more copies of what is there."""
    return Fault(
        what,
        "kafka-reassign-partitions.sh --bootstrap-server {servers} --execute "
        "--reassignment-json-file FILE",
        f", where FILE names {copies} brokers for each partition",
    )


def _few_partitions(topic: Topic, use: Use) -> Fault | None:
    count = len(topic.partitions)
    if count >= use.partitions:
        return None
    what = f"there {'is 1 partition' if count == 1 else f'are {count} partitions'}"
    asked = f"{what}, and {use.partitions} were asked for"
    where = ", while nobody sends: keys move to other partitions"
    return Fault(asked, partitions_command("{topic}", use.partitions), where)


def _no_leader(topic: Topic, _use: Use) -> Fault | None:
    without = [number for number, each in enumerate(topic.partitions) if each.leader < 0]
    if not without:
        return None
    holders = sorted({broker for number in without for broker in topic.partitions[number].replicas})
    return Fault(
        f"no broker leads partition{_s(without)} {_list(without)}",
        START,
        f" on broker{_s(holders)} {_list(holders)}",
    )


def _out_of_sync(topic: Topic, _use: Use) -> Fault | None:
    led = [each for each in topic.partitions if each.leader >= 0]
    behind = sorted({broker for each in led for broker in {*each.replicas} - {*each.in_sync}})
    if not behind:
        return None
    named = f"broker{_s(behind)} {_list(behind)}"
    return Fault(f"copies are behind on {named}", START, f" on {named}, or see its log if it runs")


def _s(things: Iterable[object]) -> str:
    return "s" * (len([*things]) > 1)


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


CHECKS: tuple[Check, ...] = (
    Check(
        "no-leader",
        "wrong",
        "nothing is read there or written until one does",
        _no_leader,
    ),
    Check(
        "compacted",
        "wrong",
        "Kafka takes no record without a key there, at which a partition stops, and of each key it "
        "keeps the last alone, so that inquiries are lost",
        _setting(CLEANUP, _compacted),
    ),
    Check(
        "forgets",
        "wrong",
        "who forgets what is settled delivers it a second time",
        _setting(CLEANUP, _forgets),
    ),
    Check(  # Kafka takes that from 4.1 on
        "uncleaned",
        "risky",
        "nothing ever goes from there, until the brokers' disks are full",
        _setting(CLEANUP, _uncleaned),
    ),
    Check(
        "times",
        "wrong",
        "a claim lapses early or late, by the clock of whoever wrote it",
        _setting(TIME, _time),
    ),
    Check(
        "kept-short",
        "wrong",
        "what has waited longer is gone unread",
        _setting(RETENTION, _ours_short),
    ),
    Check(
        "kept-short-for-others",
        "risky",
        "what those who read it have not read by then is gone",
        _setting(RETENTION, _theirs_short),
    ),
    Check(
        "kept-by-size",
        "risky",
        "a busy day takes away what still waits to be read",
        _setting(RETENTION_BYTES, _by_size),
    ),
    Check(
        "kept-for-ever",
        "risky",
        "what citizens wrote is kept for longer than anybody needs it",
        _setting(RETENTION, _for_ever),
    ),
    Check(
        "message-bytes",
        "wrong",
        "a service that has a larger batch to write is refused for good, and its partition stops",
        _setting(MESSAGE_BYTES, _smaller(MESSAGE_BYTES)),
    ),
    Check(
        "segment-bytes",
        "wrong",
        "a service that has a larger batch to write is refused for good, and its partition stops",
        _setting("segment.bytes", _smaller("segment.bytes")),
    ),
    *(
        Check(
            f"times-{side}",
            "risky",
            "a write that had to wait, or a clock that differs, is refused and its partition stops",
            _setting(
                f"message.timestamp.{side}.max.ms", _narrow(f"message.timestamp.{side}.max.ms")
            ),
        )
        for side in SIDES
    ),
    Check(
        "in-sync-never",
        "wrong",
        "there are fewer copies, and no service gets anything written",
        _setting(IN_SYNC, _in_sync_where(lambda least, copies: least > copies)),
    ),
    Check(
        "in-sync-all",
        "risky",
        "there are no more copies, and any broker that is away stops the services",
        _setting(IN_SYNC, _in_sync_where(lambda least, copies: least == copies > 1)),
    ),
    Check(
        "in-sync-one",
        "risky",
        "what one broker alone has counts as written, and is lost with that broker",
        _setting(IN_SYNC, _in_sync_where(lambda least, copies: least < 2 and copies >= COPIES)),  # noqa: PLR2004 - two copies
    ),
    Check(
        "unclean",
        "risky",
        "a broker that lags may come to lead, and what it lacks is lost although it was committed",
        _setting("unclean.leader.election.enable", _unclean),
    ),
    Check(
        "few-copies",
        "risky",
        "brokers that fail take with them what only they have",
        _few_copies,
    ),
    Check(
        "few-partitions",
        "risky",
        "no more replicas of a service find work than there are partitions",
        _few_partitions,
    ),
    Check(
        "out-of-sync",
        "risky",
        "with one broker more away, writing may stop",
        _out_of_sync,
    ),
)
# What the table looks at.
SETTINGS = (
    *(CLEANUP, RETENTION, RETENTION_BYTES, TIME, MESSAGE_BYTES, IN_SYNC),
    *("segment.bytes", "unclean.leader.election.enable"),
    *(f"message.timestamp.{side}.max.ms" for side in SIDES),
)


def findings_about(
    topics: Mapping[str, Topic], uses: Mapping[str, Use], servers: str
) -> Iterator[Finding]:
    """Yield what is wrong with topics, in the order of the table; those alike in it as one.

    Args:
        topics: Those that are there.
        uses: What each is for; topics that are for nothing of ours are not looked at.
        servers: What follows `--bootstrap-server` in the commands.
    """
    for check in CHECKS:
        faults = defaultdict[Fault, list[str]](list)
        for name in sorted(topics.keys() & uses.keys()):
            if fault := check.look(topics[name], uses[name]):
                faults[fault].append(name)
        for fault, names in faults.items():
            told = fault._replace(
                what=f"On {listed(names)} {fault.what}", command=for_each(fault.command, names)
            )
            yield found(check.severity, check.name, names, told, check.breaks, servers)


def found(  # noqa: PLR0913, PLR0917 - all that it is made of
    severity: Severity,
    check: str,
    about: Iterable[str],
    fault: Fault,
    breaks: str,
    servers: str,
) -> Finding:
    """Make a finding of a fault and what it breaks."""
    command = fault.command.replace("{servers}", servers)
    sentence = f"{fault.what}: {breaks}; mend it with `{command}`{fault.where}."
    return Finding(severity, check, tuple(about), sentence)


def listed(names: Iterable[str]) -> str:
    """Name some things, and of many the first alone."""
    every = [*names]
    rest = len(every) - NAMED
    if rest <= 1:
        return " and ".join(filter(None, [", ".join(every[:-1]), every[-1]]))
    return f"{', '.join(every[:NAMED])} and {rest} others"


def for_each(command: str, names: Iterable[str]) -> str:
    """Return a line of the shell that runs a command for each topic."""
    every = [*names]
    if "{topic}" not in command or len(every) == 1:
        return command.replace("{topic}", every[0])
    one = command.replace("{topic}", "$topic")
    return f"for topic in {' '.join(every)}; do {one}; done"
