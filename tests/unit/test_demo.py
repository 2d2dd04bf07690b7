import shutil
import signal
from pathlib import Path

import pytest

from services.errors import ConfigurationError, TriageError
from services.local.console.temporary_folder import temporary_folder
from services.local.console.terminal import stopping_on_sigterm
from services.local.examples import key_of, read_lines


def test_lines_are_read_as_they_are(tmp_path: Path) -> None:
    """Each line is a record's value to the byte; blank lines and the last line end are none."""
    file = tmp_path / "inquiries.jsonl"
    file.write_bytes(b'{"id": "1"}\n\n  \n\xff{"id"\r\n{"id": "2"}')
    assert read_lines(file) == [b'{"id": "1"}', b'\xff{"id"\r', b'{"id": "2"}']


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\n \n", "no inquiries"), (b"{}\n" + b"x" * 1_000_001, "Line 2 of .*1,000,001 bytes")],
)
def test_a_file_that_cannot_be_published_is_refused(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    """A file without a line, or with one that Kafka does not take, is refused at the start."""
    file = tmp_path / "inquiries.jsonl"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=sentence):
        read_lines(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A file of inquiries that cannot be read is named."""
    with pytest.raises(ConfigurationError, match=r"none\.jsonl cannot be read"):
        read_lines(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'{"id": "q-1", "reference": "case-7"}', b"case-7"),
        (b'{"id": "q-1", "reference": null}', b"q-1"),
        (b'{"id": "t\xc5\xb7"}', b"t\xc5\xb7"),
        (b'{"text": "no id"}', None),
        (b'{"id": 5}', None),
        (b'{"id": "cut o', None),
        (b"\xff", None),
    ],
)
def test_the_messages_of_a_case_have_one_key(line: bytes, key: bytes | None) -> None:
    """An inquiry's key is its case, or else its id; one that cannot be read has none."""
    assert key_of(line) == key


def test_a_temporary_folder_goes() -> None:
    """A temporary folder is gone after the block, also where Ctrl-C ends it."""
    with temporary_folder("test-") as folder:
        (folder / "kafka.log").touch()
    assert not folder.exists()
    with pytest.raises(KeyboardInterrupt), temporary_folder("test-") as folder:
        raise KeyboardInterrupt
    assert not folder.exists()


def failed(*names: str) -> Path:
    try:
        with temporary_folder("test-") as folder:
            (folder / "kafka" / "data").mkdir(parents=True)
            for name in names:
                (folder / name).touch()
            raise TriageError("It failed.")
    except TriageError:
        return folder


def test_logs_stay_after_a_failure() -> None:
    """After a failure the logs, which its sentence names, stay; all else is gone."""
    folder = failed("router.log", "kafka/kafka.log", "kafka/data/00000000.index")
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    shutil.rmtree(folder)
    assert left == ["kafka", "kafka/kafka.log", "router.log"]


def test_a_failure_before_any_log_leaves_nothing() -> None:
    """A failure that wrote no log leaves no folder either."""
    assert not failed("kafka/data/00000000.index").exists()


def test_sigterm_unwinds_as_ctrl_c_does() -> None:
    """SIGTERM ends a block by KeyboardInterrupt; after it signals are handled as before."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stopping_on_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
