import gzip
import json
import re
import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.model.manifest import read_manifest
from services.training.data.overlap import nearly_among

MODEL = Path(__file__).parents[2] / "models" / "uk-departments"
PARTS = ("train", "met", "dev", "test")
KINDS = {"department", "elsewhere", "unclear", "danger", "discrimination", "two", "welsh"}
# Ofcom's numbers for drama, as digits: geographic, mobile, free, premium and UK-wide.
DRAMA = re.compile(
    r"02079460\d{3}|0(?:113|114|115|116|117|118|121|131|141|151|161)4960\d{3}|01914980\d{3}"
    r"|02896496\d{3}|02890180\d{3}|02920180\d{3}|01632960\d{3}|07700900\d{3}|08081570\d{3}"
    r"|0909879\d{4}|03069990\d{3}"
)
PHONE = re.compile(r"(?<![\d\w£-])(?:\+44\s?|0)(?:\d[\s-]?){9,10}(?!\d)")
INSURANCE = re.compile(r"\b([A-Za-z]{2}) ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b")
ADDRESS = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
EXAMPLE = re.compile(r"(?:.*\.)?example\.(?:com|org|net|co\.uk)", re.IGNORECASE)

Row = dict[str, Any]


def read(part: str) -> list[Row]:
    path = MODEL / "inquiries" / f"{part}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def parts() -> dict[str, list[Row]]:
    return {part: read(part) for part in PARTS}


@pytest.fixture(scope="module")
def rows(parts: dict[str, list[Row]]) -> list[Row]:
    return [row for part in PARTS for row in parts[part]]


@pytest.fixture(scope="module")
def table() -> Row:
    return tomllib.loads((MODEL / "responsibilities.toml").read_text(encoding="utf-8"))


def subjects(table: Row) -> dict[str, str]:
    """Give the part of each subject of the table."""
    lists = [each["subjects"] for each in table["departments"].values()]
    lists += [table[name] for name in ("elsewhere", "unclear", "danger", "discrimination")]
    return {subject["id"]: subject["part"] for each in lists for subject in each}


def test_the_table_has_every_department_of_the_model(table: Row) -> None:
    """Each department has at least fifty subjects, and no others stand in the table."""
    assert set(table["departments"]) == set(read_manifest(MODEL).labels)
    assert min(len(each["subjects"]) for each in table["departments"].values()) >= 50
    assert len(subjects(table)) > 2_000


def test_each_near_miss_is_decided_once_and_with_a_reason(table: Row) -> None:
    """What is taken for something else has one department, or none, and says why."""
    matters = [each["matter"].casefold() for each in table["near_misses"]]
    assert len(matters) == len(set(matters))
    for each in table["near_misses"]:
        assert each["reason"]
        assert {each["department"], *each.get("also", ())} <= {"", *table["departments"]}


def of(parts: dict[str, list[Row]], part: str, what: str) -> set[str]:
    return {each for row in parts[part] for each in row[what].split("|")}


def test_parts_share_no_writer_and_no_subject(parts: dict[str, list[Row]], table: Row) -> None:
    """What a model is judged by comes of other writers and other subjects than what it learnt."""
    for one, other in combinations(("train", "dev", "test"), 2):
        for what in ("writer", "subject"):
            assert of(parts, one, what).isdisjoint(of(parts, other, what))
    part_of = subjects(table)
    for part in ("train", "dev", "test"):
        assert {part_of[subject] for subject in of(parts, part, "subject")} == {part}


def test_what_meets_a_matter_is_of_others(parts: dict[str, list[Row]], table: Row) -> None:
    """`met` is about some matters of dev and test, not all, by writers of neither."""
    part_of = subjects(table)
    met = of(parts, "met", "subject")
    assert {part_of[subject] for subject in met} == {"dev", "test"}
    for part in ("dev", "test"):
        assert of(parts, "met", "writer").isdisjoint(of(parts, part, "writer"))
        assert of(parts, part, "subject") - met


def test_no_text_stands_twice_or_nearly(rows: list[Row]) -> None:
    """Within and between parts no text repeats half of the five-grams of the others."""
    texts = [row["text"] for row in rows if row["kind"] != "unclear"]
    half = np.arange(len(texts)) % 2 == 0
    for chosen in (half, ~half, np.arange(len(texts)) < len(texts) // 2):
        ones = [text for text, one in zip(texts, chosen, strict=True) if one]
        others = [text for text, one in zip(texts, chosen, strict=True) if not one]
        assert nearly_among(ones, others).mean() < 0.005
    assert len(set(texts)) == len(texts)


def test_names_and_numbers_are_nobodys(rows: list[Row]) -> None:
    """Telephone numbers, National Insurance numbers and addresses are those reserved for drama."""
    for row in rows:
        for found in PHONE.findall(row["text"]):
            digits = re.sub(r"\D", "", found)
            assert DRAMA.fullmatch("0" + digits.removeprefix("44").lstrip("0")), row["id"]
        assert {each.upper() for each in INSURANCE.findall(row["text"])} <= {"QQ"}, row["id"]
        for host in ADDRESS.findall(row["text"]):
            assert EXAMPLE.fullmatch(host.rstrip(".")), row["id"]


def test_rows_say_what_they_are(rows: list[Row], table: Row) -> None:
    """Each row has a known kind, departments of the table, and flags that fit its kind."""
    for row in rows:
        assert row["kind"] in KINDS
        assert set(filter(None, row["department"].split("|"))) <= set(table["departments"])
        assert set(filter(None, row["flags"].split("|"))) <= {"danger", "discrimination"}
        assert (row["kind"] == "danger") <= ("danger" in row["flags"])
        assert row["kind"] not in {"elsewhere", "unclear"} or not row["department"]
    assert len({row["id"] for row in rows}) == len(rows)


def test_there_is_enough_of_each_kind(rows: list[Row]) -> None:
    """The corpus has what its card counts, and every department its share."""
    kinds = Counter(row["kind"] for row in rows)
    departments = Counter(name for row in rows for name in row["department"].split("|") if name)
    card = (MODEL / "inquiries" / "README.md").read_text(encoding="utf-8")
    counted = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+) \|$", card, flags=re.MULTILINE))
    assert {kind: f"{count:,}" for kind, count in kinds.items()} == counted
    assert min(departments.values()) >= 300
    indirect = sum(row["wording"] == "indirect" for row in rows)
    assert indirect >= sum(row["wording"] == "direct" for row in rows)
