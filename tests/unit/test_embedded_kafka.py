from pathlib import Path

import pytest

from services.errors import ConfigurationError, TriageError
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.embedded_kafka.folder import BrokerFolder
from services.local.embedded_kafka.jars import class_path, pinned
from services.local.embedded_kafka.properties import render, server_properties
from services.local.ports import PORTS, free_ports


def told_nothing(text: str, done: int = 0, of: int | None = None) -> None:
    raise AssertionError("there was nothing to do")


def test_every_jar_is_pinned_by_its_digest() -> None:
    """Each jar of the class path has a version and a SHA-256, and Kafka itself is among them."""
    jars = pinned()
    assert all(len(jar.sha256) == 64 and jar.version for jar in jars)
    assert "org.apache.kafka:kafka_2.13" in {f"{jar.group}:{jar.artifact}" for jar in jars}
    assert len({jar.filename for jar in jars}) == len(jars)


def test_jars_that_are_there_are_not_asked_for(tmp_path: Path) -> None:
    """With every jar in the cache nothing is downloaded, and the order is that of the lock."""
    for jar in pinned():
        (tmp_path / jar.filename).touch()
    paths = class_path(told_nothing, tmp_path)
    assert paths == [tmp_path / jar.filename for jar in pinned()]


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A download that cannot be kept says so in one sentence, without a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(TriageError, match="could not be downloaded") as caught:
        class_path(told_nothing, tmp_path / "file" / "cache")
    assert "\n" not in str(caught.value)


def test_given_properties_win() -> None:
    """A broker setting that is given stands after ours, which is the one that Java takes."""
    lines = server_properties(1, 2, {"process.roles": "broker"}).splitlines()
    assert [line for line in lines if line.startswith("process.roles=")] == ["process.roles=broker"]


def test_properties_are_written_as_java_reads_them() -> None:
    """Line ends, backslashes and letters beyond ASCII are escaped, each property is one line."""
    written = render({"a": 'multi\nline "PEM" \\', "b": "tŷ"})
    assert written == 'a=multi\\nline \\"PEM\\" \\\\\nb=t\\u0177\n'


def test_ports_are_below_those_of_outgoing_connections() -> None:
    """Ports are free ones that the system gives to no outgoing connection of its own."""
    ports = free_ports()
    assert next(ports) in PORTS
    assert next(ports) in PORTS


def test_a_broker_that_was_never_started_has_no_address(tmp_path: Path) -> None:
    """Address and process are known once a broker was started, and asking before says so."""
    kafka = EmbeddedKafka(tmp_path)
    with pytest.raises(TriageError, match="start it"):
        _ = kafka.bootstrap_servers
    with pytest.raises(TriageError, match="start it"):
        kafka.freeze()
    kafka.stop()  # nothing to stop is no error


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder in which Kafka cannot keep its data is an error that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="file/kafka"):
        BrokerFolder(tmp_path / "file" / "kafka").choose_ports()


def test_the_last_error_is_picked_from_the_log(tmp_path: Path) -> None:
    """Of a log, the last line that tells of an error is quoted, else its last line."""
    folder = BrokerFolder(tmp_path)
    assert folder.last_error(0) == "nothing was logged"
    folder.log.write_text("INFO starting\nERROR no space\n\tat a.b.C\nINFO stopped\n")
    assert folder.last_error(0) == "ERROR no space"
    assert folder.last_error(folder.log_size - len("INFO stopped\n")) == "INFO stopped"


def test_a_folder_is_one_brokers_alone(tmp_path: Path) -> None:
    """A second broker on a folder is refused before anything in it is touched."""
    first, second = BrokerFolder(tmp_path), EmbeddedKafka(tmp_path)
    first.lock()
    first.choose_ports()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigurationError, match="Another Kafka runs in") as caught:
        second.start()
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    first.unlock()
    next_one = BrokerFolder(tmp_path)
    next_one.lock()
    next_one.lock()  # its own already
    next_one.unlock()


def test_a_folder_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    """A folder in which nothing can be written is one sentence, not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="file/kafka"):
        EmbeddedKafka(tmp_path / "file" / "kafka").start()
