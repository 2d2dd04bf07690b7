"""Small histories of three other kinds of organisation, made for the tests, as each exports them.

Each text was written by itself, as one person would write it. None is of a real person.
"""

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Organisation(NamedTuple):
    """A history and its columns; `text` is an inquiry of today, and `label` what it is for.

    `topic` is the topic that the starter table names for it.
    """

    name: str
    file: str
    columns: tuple[str, str, str]
    labels: int
    text: str
    label: str
    topic: str

    @property
    def options(self) -> list[str]:
        """What `triage train` and its like are told of the columns."""
        text, label, date = self.columns
        return ["--text", text, "--label", label, "--date", date]

    @property
    def history(self) -> Path:
        """The file."""
        return FOLDER / self.file


HELPDESK = Organisation(
    name="helpdesk",
    file="helpdesk.csv",
    columns=("summary", "team", "opened"),
    labels=8,
    text="The printer on the second floor jams on every page, and the toner is new",
    label="Printing",
    topic="departments.Printing",
)
HOSPITAL = Organisation(
    name="hospital",
    file="hospital.jsonl",
    columns=("rueckmeldung", "themen", "eingegangen"),
    labels=19,
    text="Starke Schmerzen die ganze Nacht und gegen die Schmerzen gab es nichts",
    label="Schmerztherapie",
    topic="departments.Schmerztherapie",
)
COUNCIL = Organisation(
    name="council",
    file="council.csv",
    columns=("report", "category", "received"),
    labels=27,
    text="Huge pothole in the road beside the church, two tyres gone",
    label="Potholes & Road Surface",
    topic="departments.Potholes-Road-Surface",
)
ORGANISATIONS = (HELPDESK, HOSPITAL, COUNCIL)
