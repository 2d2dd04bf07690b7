import errno
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from services.cli import run
from services.errors import ConfigurationError
from services.local.load.command import plan_load
from tests.tools import TRIAGE

FULL = Path("/dev/full")


def shell(command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which `triage` is the command."""
    return subprocess.run(
        ["sh", "-c", command.replace("triage", f"'{TRIAGE}'")],
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        env={**os.environ, **settings},
    )


def read_terminal(ours: int) -> bytes:
    """Read what was shown; where the other side is closed, Linux raises and others end."""
    try:
        return os.read(ours, 4_096)
    except OSError:
        return b""


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize(
    "command", ["triage routes", "echo tax | triage classify", "triage --help", "triage --version"]
)
def test_a_full_disk_is_said_in_one_sentence(command: str) -> None:
    """What cannot be written is said by what is wrong with the output, and is no traceback."""
    ended = shell(f"{command} > {FULL}")
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        f"triage: The output cannot be written ({os.strerror(errno.ENOSPC)}): make room, or send it"
        " elsewhere."
    )


@pytest.mark.parametrize("command", ["triage routes", "echo tax | triage classify"])
def test_a_closed_output_is_said_in_one_sentence(command: str) -> None:
    """A command that prints where nothing can be printed fails, and says so."""
    ended = shell(f"{command} >&-")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert os.strerror(errno.EBADF) in ended.stderr


def test_people_and_simulated_ones_do_not_share_a_demo(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything starts it is said which of the two to leave away."""
    with pytest.raises(SystemExit) as ended:
        run(["demo", "--desk", "--watch"])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert said.err.strip().endswith("say --desk or --watch.")
    assert len(said.err.splitlines()) == 1


def test_a_closed_input_is_said_in_one_sentence() -> None:
    """`triage classify` without files says that there is nothing to read them from."""
    ended = shell("triage classify <&-")
    assert ended.returncode == 2
    assert ended.stderr.startswith("triage: Standard input cannot be read")
    assert len(ended.stderr.splitlines()) == 1


def test_nothing_but_an_exit_code_is_left_where_no_stream_is_open() -> None:
    """With every stream closed a command does what it can and ends."""
    assert shell("triage routes <&- >&- 2>&-").returncode == 1


def test_topics_have_the_prefix_of_the_installation() -> None:
    """`triage classify` names the topics that the services of this environment would write."""
    ended = shell("echo my pension | triage classify", KAFKA_TOPIC_PREFIX="test.")
    assert json.loads(ended.stdout)["route"]["topic"].startswith("test.")


@pytest.mark.parametrize("command", ["triage routes | head -1", "yes tax | triage classify | head"])
def test_who_has_read_enough_is_no_error(command: str) -> None:
    """A pipe that is closed early ends a command without a word."""
    assert shell(command).stderr == ""


def test_a_terminal_of_another_encoding_gets_what_it_can_show() -> None:
    """A character that a terminal in Latin-1 lacks is escaped there, and is no error."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    with subprocess.Popen(
        [TRIAGE, "routes"], stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: read_terminal(ours), b""))
        assert process.communicate()[1] == b""
    os.close(ours)
    assert process.returncode == 0
    assert rb"\u2026" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        "train --data a.csv --out b --seed 4294967296",
        "train --data a.csv --out b --seed -1",
        "train --data a.csv --out b --precision nan",
        "train --data a.csv --out b --half-life nan",
        "topics --replication-factor 40000",
        "topics --partitions 3000000000",
        "manifests --replicas 40000",
        "load --rate inf",
        "load --rate nan",
        "load --rate 1 --seconds inf",
        "load --rate 1 --wait inf",
        "demo --watch --rate inf",
    ],
)
def test_a_number_out_of_range_is_refused_by_its_option(
    arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that no part behind takes is refused before anything is done, with its option."""
    with pytest.raises(SystemExit) as ended:
        run(arguments.split())
    assert ended.value.code == 2
    [option] = [each for each in arguments.split()[-2:] if each.startswith("--")]
    assert f"Invalid value for '{option}'" in " ".join(capsys.readouterr().err.split())


def test_a_load_that_nobody_can_hold_is_refused() -> None:
    """More inquiries than can be drawn beforehand are refused in one sentence."""
    with pytest.raises(ConfigurationError, match="too many for one load"):
        plan_load(None, rate=1_000_000, seconds=86_400, bursty=False, seed=0)


def test_the_largest_seed_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The range that is refused begins after the last seed that works."""
    with pytest.raises(SystemExit):
        run(["train", "--data", str(tmp_path / "a.csv"), "--out", "b", "--seed", str(2**32 - 1)])
    assert "a.csv cannot be read" in " ".join(capsys.readouterr().err.split())
