"""The embedded broker's settings: one node that is broker and controller, small and quick."""

import json
from collections.abc import Mapping

LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""

SMALL_AND_QUICK = {
    # One node holds the only copy.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Few partitions to make, and to recover after a kill.
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.num.partitions": "1",
    # The cleaner would set 128 MB of the heap aside.
    "log.cleaner.dedupe.buffer.size": "2097152",
    # A group is complete as soon as its members ask; a lost member is noticed within a second.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A broker that was killed may come back once its last sign of life is so old, not after 9 s.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    # A transaction that outlived its timeout is ended soon after, not up to 10 s later.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # A misspelt topic is an error.
    "auto.create.topics.enable": "false",
    # Records with an old date would be deleted within minutes.
    "log.retention.ms": "-1",
}


def server_properties(client_port: int, controller_port: int, properties: Mapping[str, str]) -> str:
    """Write `server.properties`; the given properties come last and so win.

    Clients connect to the listener named CLIENT: `listener.security.protocol.map` is what gives it
    another protocol than PLAINTEXT. Paths are relative to the broker's folder.
    """
    return render(
        {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
            "listeners": f"CLIENT://127.0.0.1:{client_port},CONTROLLER://127.0.0.1:{controller_port}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": "data",
            **SMALL_AND_QUICK,
            **properties,
        }
    )


def render(properties: Mapping[str, str]) -> str:
    """Write properties as Java reads them: ISO 8859-1, all else escaped.

    JSON's escapes for quotes, backslashes, line ends and Unicode mean the same in both.
    """
    return "".join(f"{name}={json.dumps(value)[1:-1]}\n" for name, value in properties.items())
