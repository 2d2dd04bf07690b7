import ast
import json
import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.app.logs import REPEAT_SECONDS, REPEATED, LeaveOutRepetitions

SERVICES = Path(__file__).parents[2] / "services"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
# What a line may tell beside its event: of Kafka, and of errors that `describe` has put into words.
FIELDS = {
    "check",
    "error",
    "flags",
    "offset",
    "outcome",
    "partition",
    "partitions",
    "reason",
    "servers",
    "topic",
    "topics",
    "waiting",
    "workers",
}


class Log:
    """What a filter with a clock of the test's own lets be written."""

    def __init__(self) -> None:
        self.now = 0.0
        self._gate = LeaveOutRepetitions(clock=lambda: self.now)

    def says(self, event: str, level: int = logging.WARNING, **fields: object) -> int | None:
        """Log an event as structlog hands it on; return `left_out`, None if it is not written."""
        record = logging.LogRecord("", level, "", 0, {"event": event, **fields}, (), None)
        left_out: int | None = vars(record)["left_out"] if self._gate.filter(record) else None
        return left_out


def failed(log: Log, error: str = "broken", level: int = logging.WARNING) -> int | None:
    return log.says("engine.worker_failed", level, error=error)


def test_a_flood_of_one_message_is_summarised() -> None:
    """The same message of a library is let through once in 30 s, with how often it came."""
    now = [0.0]
    gate = LeaveOutRepetitions(clock=lambda: now[0])

    def written(text: str) -> logging.LogRecord | None:
        record = logging.LogRecord("aiokafka", logging.ERROR, "", 0, text, None, None)
        return record if gate.filter(record) else None

    assert written("away %s")
    assert [written("away %s") for _ in range(50)] == [None] * 50
    assert written("something else")
    now[0] += REPEAT_SECONDS
    again = written("away %s")
    assert again is not None
    assert vars(again)["left_out"] == 50


def test_a_flood_of_our_own_is_summarised() -> None:
    """The same event is written once in 30 s, and the next time with how often it came."""
    log = Log()
    assert [failed(log) for _ in range(50)] == [0] + [None] * 49
    log.now = REPEAT_SECONDS - 0.1
    assert failed(log) is None
    log.now = REPEAT_SECONDS
    assert failed(log) == 50


def test_a_flood_whose_lines_differ_in_numbers_is_one() -> None:
    """Partitions and ports make no line a new one; another error does."""
    log = Log()
    assert failed(log, "partition 1 of t at 0x7f3a") == 0
    assert failed(log, "partition 12 of t at 0x7f4b") is None
    assert failed(log, "not authorized") == 0


def test_what_was_left_out_of_a_flood_that_is_over_is_told() -> None:
    """The next line of whichever kind says how many were left out of what is no longer logged."""
    log = Log()
    for _ in range(8):
        failed(log)
    log.now = REPEAT_SECONDS
    assert log.says("engine.fenced", logging.INFO) == 7
    assert failed(log) == 0


def test_a_change_of_level_is_never_left_out() -> None:
    """What was a warning is written again as an error."""
    log = Log()
    assert failed(log) == 0
    assert failed(log, level=logging.ERROR) == 0


def test_the_last_line_says_how_things_are() -> None:
    """After a change for the better the same trouble is news again, however soon it comes."""
    log = Log()
    away = [log.says("engine.broker_away", error="no node") for _ in range(3)]
    assert away == [0, None, None]
    assert log.says("engine.broker_reached", logging.INFO, servers="k:1") == 2
    assert log.says("engine.broker_away", error="no node") == 0
    assert [log.says("engine.assigned", logging.INFO, partitions=[1]) for _ in "ab"] == [0, 0]


def test_a_line_that_is_no_text_does_no_harm() -> None:
    """A library may log an error itself in the place of a text: that is written, too."""
    record = logging.LogRecord("asyncio", logging.ERROR, "", 0, OSError("away"), None, None)
    assert LeaveOutRepetitions(clock=lambda: 0.0).filter(record)


LOGGING = """
import logging
from services.app.logs import configure_logs
configure_logs("INFO", "{form}")
import structlog
text = "my neighbour Blodwen"
structlog.get_logger("services").info("engine.assigned", partitions=[1])
try:
    [][5]
except IndexError:
    logging.getLogger("aiokafka").exception("Unexpected error in %s", "a routine")
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_in_the_log_shows_no_values(form: str) -> None:
    """Tracebacks are logged without the variables' values, which may be a citizen's words."""
    script = LOGGING.format(form=form)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "IndexError" in run.stderr
    assert "engine.assigned" in run.stderr
    assert "Blodwen" not in run.stderr
    if form == "json":
        events = [json.loads(line)["event"] for line in run.stderr.splitlines()]
        assert events == ["engine.assigned", "Unexpected error in a routine"]


SCRIPT = """
import structlog
from services.app.logs import configure_logs
times = iter([0, 0, 60])
configure_logs("INFO", "{form}", clock=lambda: next(times))
for number in range(3):
    structlog.get_logger().warning("engine.worker_failed", error="broken")
"""


def test_logs_are_json_unless_a_person_reads_them() -> None:
    """With `auto` a file gets JSON, the count in it, and a terminal gets lines for people."""
    command = [sys.executable, "-c", SCRIPT.format(form="auto")]
    lines = subprocess.run(command, stderr=subprocess.PIPE, check=True).stderr.splitlines()
    assert [json.loads(line).get("left_out") for line in lines] == [None, 1]
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb") as terminal:
        subprocess.run(command, stderr=theirs, check=True)
        os.close(theirs)
        shown = os.read(terminal.fileno(), 10_000).decode()
    assert "\x1b[" in shown
    assert re.search(r"left_out\S*=\S*1", shown)
    assert "{" not in shown


def test_lines_for_people_have_no_colours_in_a_file() -> None:
    """With `console` a file gets the same lines as a terminal, without its escape codes."""
    command = [sys.executable, "-c", SCRIPT.format(form="console")]
    written = subprocess.run(command, stderr=subprocess.PIPE, check=True, text=True).stderr
    assert "engine.worker_failed" in written
    assert "\x1b" not in written


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield every call that logs: its line, whether by `log` or by `report`, and the call."""
    for path in sorted(SERVICES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                line = f"{path.name}:{node.lineno}"
                if isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                    yield line, ast.unparse(node.func.value), node
                elif isinstance(node.func, ast.Name) and node.func.id == "report":
                    yield line, "report", node


def events() -> dict[str, str]:
    """Return each event that is logged, by line; that of `report` stands where it is called."""
    named = {line: call.args[0] for line, _, call in calls()}
    return {
        line: str(name.value) if isinstance(name, ast.Constant) else ast.unparse(name)
        for line, name in named.items()
        if not (line.startswith("reporting.py") and isinstance(name, ast.Name))
    }


def test_every_event_has_a_constant_name() -> None:
    """Events are dotted words in lower case, so that one can search, count and alert on them."""
    assert len(events()) > 5
    odd = {
        line: name
        for line, name in events().items()
        if not re.fullmatch(r"[a-z]+(\.[a-z]+(_[a-z]+)*)+", name)
    }
    assert not odd


def test_every_event_that_may_be_left_out_is_logged() -> None:
    """The table of events that come in floods names none that no longer exists."""
    assert set(REPEATED) <= set(events().values())


def test_no_line_can_hold_what_a_citizen_wrote() -> None:
    """Every line is logged by `log` or `report`, with fields of a closed list and nothing else."""
    allowed = {"log": (1, FIELDS), "report": (4, set[str]())}
    for line, by, call in calls():
        assert by in allowed, line
        arguments, fields = allowed[by]
        assert len(call.args) <= arguments, line
        assert {str(each.arg) for each in call.keywords} <= fields, line


@pytest.mark.parametrize("name", sorted(REPEATED))
def test_an_event_is_told_by_fields_it_has(name: str) -> None:
    """The fields by which the table tells two lines apart are fields of log lines."""
    assert set(REPEATED[name]) <= FIELDS
