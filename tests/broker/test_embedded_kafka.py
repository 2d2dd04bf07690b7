import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.errors import ConfigurationError, TriageError
from services.local.console.steps import silently
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.embedded_kafka.folder import BrokerFolder
from services.local.embedded_kafka.jars import class_path
from services.local.embedded_kafka.java import Java, find_java
from services.local.embedded_kafka.storage import format_storage
from tests.broker.at_rest import until
from tests.broker.processes import is_running

PARENT = """
import sys, time
from pathlib import Path
from services.local.embedded_kafka.broker import EmbeddedKafka
with EmbeddedKafka(Path(sys.argv[1])) as kafka:
    print(kafka.pid, flush=True)
    time.sleep(60)
"""


async def test_a_broker_never_outlives_its_parent(can_embed: None, tmp_path: Path) -> None:
    """When the Python that started a broker is killed (-9), the broker goes too."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=subprocess.PIPE
    )
    assert parent.stdout
    broker = int(await parent.stdout.readline())
    assert is_running(broker)
    parent.kill()
    await parent.wait()

    async def gone() -> bool:
        return not is_running(broker)

    await until(gone, limit=5)


def formatted(path: Path) -> BrokerFolder:
    folder = BrokerFolder(path)
    folder.choose_ports()
    folder.write_settings({})
    format_storage(folder, Java(find_java(), class_path(silently)))
    return folder


def test_a_folder_that_was_half_formatted_is_formatted_again(
    can_embed: None, tmp_path: Path
) -> None:
    """A start that was cut short while it formatted leaves a folder that the next one can use."""
    folder = formatted(tmp_path)
    (tmp_path / "data" / "meta.properties").unlink()
    assert not folder.is_formatted
    assert formatted(tmp_path).is_formatted


def test_a_wrong_property_is_named_with_the_log(can_embed: None, tmp_path: Path) -> None:
    """A broker that cannot start says so in one sentence, with Kafka's reason and the log."""
    kafka = EmbeddedKafka(tmp_path, properties={"num.io.threads": "many"})
    with pytest.raises(TriageError, match=r"num\.io\.threads.*kafka\.log") as caught:
        kafka.start()
    assert "\n" not in str(caught.value)


def test_a_taken_port_is_named(can_embed: None, tmp_path: Path) -> None:
    """A broker keeps the port it once had, and says so where another has taken it."""
    formatted(tmp_path)
    port = BrokerFolder(tmp_path).ports[0]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(TriageError, match=str(port)):
        EmbeddedKafka(tmp_path).start()


def test_a_second_broker_leaves_the_first_alone(kafka: EmbeddedKafka) -> None:
    """A broker started on a folder in use is refused, and the one that uses it goes on."""
    with pytest.raises(ConfigurationError, match="Another Kafka runs in"):
        EmbeddedKafka(kafka.log.parent).start()
    kafka.check()
    host, _, port = kafka.bootstrap_servers.partition(":")
    socket.create_connection((host, int(port)), timeout=5).close()
