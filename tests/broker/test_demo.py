import asyncio
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
from pathlib import Path

import httpx
import pytest

from services.resources import shipped
from tests.broker.at_rest import until
from tests.broker.form_reviewer import FormReviewer, at
from tests.broker.inquiries import examples, rejection_of
from tests.broker.processes import files_in, given
from tests.tools import TRIAGE


@pytest.fixture
def folder(can_embed: None, tmp_path: Path) -> Path:
    """The folder that the demo is given for its temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


async def start_demo(
    folder: Path, *arguments: str, on: int = subprocess.PIPE, **settings: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        TRIAGE,
        "demo",
        *arguments,
        stdout=on,
        stderr=on,
        env={**os.environ, "TMPDIR": str(folder), **settings},
    )


async def test_the_demo_accounts_for_every_example(folder: Path, tmp_path: Path) -> None:
    """`triage demo` exits 0 with a summary that adds up, there and back, and leaves nothing."""
    summary = tmp_path / "summary.json"
    demo = await start_demo(folder, "--summary", str(summary))
    output, errors = await demo.communicate()
    assert (demo.returncode, errors) == (0, b"")
    assert b"each came out exactly once" in output
    assert b"http://" not in output  # nothing is there any more
    assert b"WATCH=1" in output
    figures = json.loads(summary.read_text())
    rejected = [rejection_of(record) for record in examples() if rejection_of(record)]
    assert figures["published"] == len(examples())
    assert figures["classified"] == len(examples()) - len(rejected)
    assert figures["rejected"] == {reason: rejected.count(reason) for reason in rejected}
    out = sum(figures["routed"].values()) + figures["review"] + sum(figures["rejected"].values())
    assert out == figures["published"]
    back = figures["back"]
    assert sum(back["decided"].values()) + back["escalated"] >= figures["review"]
    assert back["escalated"] == back["left"]["escalated, for somebody else to decide"]
    assert back["verdicts"]["counted"] == figures["review"] + back["copies"]
    assert min(back["verdicts"]["repeated"], back["verdicts"]["late"]) > 0
    assert 0 < back["agreement"]["agreed"] < back["agreement"]["decided"]
    assert back["precision"]["low"] < figures["right"] / figures["known"]
    assert figures["right"] / figures["known"] < back["precision"]["high"]
    assert b"each was done exactly once" in output
    assert max(map(len, output.decode().splitlines())) <= 80
    assert figures["seconds"] > 0
    assert figures["per_second"] > 0
    assert given(folder) == {}
    assert files_in(folder) == []


@pytest.mark.long
async def test_own_inquiries_are_judged_by_their_own_truths(folder: Path, tmp_path: Path) -> None:
    """Of a file of one's own those are judged that the truths name, and the others wait."""
    inquiries, truths = tmp_path / "inquiries.jsonl", tmp_path / "truths.jsonl"
    lines = [{"id": f"q-{number}", "text": "I want to end my life."} for number in range(2)]
    inquiries.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    truths.write_text('{"id": "q-0", "department": ""}', encoding="utf-8")
    files = ("--inquiries", str(inquiries), "--truths", str(truths))
    demo = await start_demo(folder, *files, "--summary", str(tmp_path / "summary.json"))
    _, errors = await demo.communicate()
    assert (demo.returncode, errors) == (0, b"")
    back = json.loads((tmp_path / "summary.json").read_text())["back"]
    assert sum(back["decided"].values()) == 1
    assert back["left"] == {"without a truth": 1}


@pytest.mark.long
async def test_a_step_that_fails_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    """A service that cannot start ends the demo with what it said, its log, and nothing running."""
    model = shutil.copytree(shipped("models", "uk-departments"), tmp_path / "model")
    (model / "model.onnx").write_bytes(b"torn")
    demo = await start_demo(folder, CLASSIFIER_MODEL=str(model))
    _, errors = await demo.communicate()
    assert demo.returncode == 1
    [line] = errors.decode().splitlines()
    assert line.startswith("triage: The classifier has ended (")
    assert "model.onnx" in line
    [kept] = files_in(folder)
    assert line.endswith(f"see its log {folder / kept / 'classifier.log'}.")
    assert given(folder) == {}


@pytest.mark.long
async def test_a_broker_that_dies_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    """A Kafka that ends while inquiries are on their way ends the demo, which says so."""
    inquiries = tmp_path / "inquiries.jsonl"
    inquiries.write_bytes(b"\n".join(record.value or b"" for record in examples()) * 100)
    demo = await start_demo(folder, "--inquiries", str(inquiries))
    assert demo.stdout
    assert demo.stderr
    while b"Sending inquiries" not in await demo.stdout.readline():
        assert not demo.stdout.at_eof()
    os.kill(given(folder)["java"], signal.SIGKILL)
    errors = await demo.stderr.read()
    assert await demo.wait() == 1
    [line] = errors.decode().splitlines()
    assert line.startswith("triage: Kafka ")
    assert line.endswith(f"see its log {folder / files_in(folder)[0] / 'kafka' / 'kafka.log'}.")
    assert given(folder) == {}


async def test_a_file_of_something_else_is_said_at_once(folder: Path, tmp_path: Path) -> None:
    """CSV is named line by line before anything starts, and the circuit breaker says what it did.

    Nothing is said to be lost, as it would be if what will not come was waited for.
    """
    table = tmp_path / "history.csv"
    table.write_text("id,text\n" + "1,Where is my pension?\n" * 300, encoding="utf-8")
    demo = await start_demo(folder, "--inquiries", str(table))
    output, errors = await demo.communicate()
    assert demo.returncode == 1
    assert output.startswith(b"301 of 301 lines are no inquiries, and will be rejected:\n")
    assert "NOT EACH" not in output.decode()
    [line] = errors.decode().splitlines()
    assert line.startswith("triage: The classifier has stopped reading, as it should: the circuit")
    assert "CLASSIFIER_CIRCUIT_BREAKER_SHARE=1" in line
    assert given(folder) == {}


class Terminal:
    """A terminal of 80 x 24 that a command runs on, and all that it was told to show."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (24, 80))
        self._written = b""

    @property
    def written(self) -> str:
        """What was written to it until now, escape sequences included."""
        while select.select([self._ours], [], [], 0)[0]:
            self._written += os.read(self._ours, 65_536)
        return self._written.decode(errors="replace")

    @property
    def text(self) -> str:
        """The same without them."""
        return re.sub(r"\x1b(\[[0-9;?]*[a-zA-Z]|\]8;.*?\x1b\\)", "", self.written)


@pytest.mark.long
async def test_a_demo_goes_on_while_it_is_watched(folder: Path) -> None:
    """`--watch` shows live what becomes of inquiries; Ctrl-C ends it with 0 and tidies up."""
    terminal = Terminal()
    demo = await start_demo(folder, "--watch", on=terminal.theirs)
    view = re.compile(
        r"classifier +[1-9]\d* .*router +[1-9]\d* .*settler +[1-9]\d* "
        r".*to departments +[1-9][\d.]*/s.*people decided +[1-9][\d.]*/s"
        r".*router +(http://127\.0\.0\.1:\d+)",
        flags=re.DOTALL,
    )

    async def flows() -> bool:
        assert demo.returncode is None
        return view.search(terminal.text) is not None

    await until(flows, limit=180)
    assert terminal.written.count("\x1b[?1049h") == 1  # the screen of its own
    [url] = view.findall(terminal.text)
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/readyz")).text == "ok"
    demo.send_signal(signal.SIGINT)
    assert await demo.wait() == 0
    last = terminal.written.rpartition("\x1b[?1049l")[2]
    assert "has stopped" in last
    assert terminal.written.rfind("\x1b[?25h") > terminal.written.rfind("\x1b[?25l")
    assert given(folder) == {}
    assert files_in(folder) == []


@pytest.mark.long
async def test_what_one_decides_at_the_desk_is_told(folder: Path, tmp_path: Path) -> None:
    """`--desk` says where one decides, and each decision; after Ctrl-C all are accounted for."""
    inquiries, summary = tmp_path / "inquiries.jsonl", tmp_path / "summary.json"
    lines = [{"id": f"q-{number}", "text": "I want to end my life."} for number in range(3)]
    inquiries.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    files = ("--inquiries", str(inquiries), "--summary", str(summary))
    demo = await start_demo(folder, "--desk", *files, DESK_TIME_ZONE="Asia/Tokyo")
    assert demo.stdout
    while not (said := re.search(rb"3 inquiries .* (http://\S+) ", await demo.stdout.readline())):
        assert not demo.stdout.at_eof()
    async with at(said[1].decode()) as client:
        reviewer = FormReviewer(client)
        await reviewer.sit_down()
        assert " JST" in reviewer.page
        await reviewer.decide("to:home-office")
        await reviewer.decide("not-ours")  # with which the first is sent
    told = (await demo.stdout.readline()).decode()
    assert re.fullmatch(
        r"q-\d  to departments\.home-office  counted, judged (blind|shown)\n", told
    ), told
    demo.send_signal(signal.SIGINT)
    output, errors = await demo.communicate()
    assert (demo.returncode, errors) == (0, b"")
    assert re.search(
        rb"^q-\d  to inquiries\.not-ours  counted, judged ", output, flags=re.MULTILINE
    )
    assert b"end my life" not in output
    assert b"Of 3 on review you sent 1 to a department, found 1 not ours" in output.replace(
        b"\n", b" "
    )
    back = json.loads(summary.read_text())["back"]
    assert back["decided"] == {"departments.home-office": 1, "inquiries.not-ours": 1}
    assert back["verdicts"] == {"counted": 2}
    assert given(folder) == {}


async def test_a_wrong_setting_is_named_before_anything_starts(folder: Path) -> None:
    """A model that is not there ends the demo at once, with exit code 2 and nothing started."""
    demo = await start_demo(folder, CLASSIFIER_MODEL="/nonexistent/model")
    output, errors = await demo.communicate()
    assert (demo.returncode, output) == (2, b"")
    [line] = errors.decode().splitlines()
    assert "/nonexistent/model" in line
    assert files_in(folder) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "step"),
    [
        (signal.SIGINT, b"Starting Kafka"),
        (signal.SIGTERM, b"Sending inquiries"),
        (signal.SIGKILL, b"Sending inquiries"),
    ],
)
async def test_a_demo_that_is_stopped_leaves_nothing_running(
    folder: Path, number: signal.Signals, step: bytes
) -> None:
    """Ctrl-C, SIGTERM and even kill -9 stop all that was started; the first two tidy up as well."""
    demo = await start_demo(folder)
    assert demo.stdout
    assert demo.stderr
    while step not in await demo.stdout.readline():
        assert not demo.stdout.at_eof()
    demo.send_signal(number)
    errors = await demo.stderr.read()
    assert await demo.wait() == (-9 if number == signal.SIGKILL else 130)
    assert b"Traceback" not in errors

    async def gone() -> bool:
        return not given(folder)

    await until(gone, limit=5)
    if number != signal.SIGKILL:
        assert files_in(folder) == []
