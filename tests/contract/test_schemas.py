import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from services.contract.schemas import MESSAGES, schema_of
from services.messages.events import JUDGED
from services.messages.rejection import MEANING, Rejection
from services.resources import shipped
from tests.contract.both_ways import shared, unread

SCHEMAS = shipped("schemas")
RELEASED = Path(__file__).parent / "released"
# Reasons may be added to, as those of a rejection may.
GROWING = {("Route", "reason"), ("Settled", "reason")}


def read(folder: Path, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def bare(schema: Any) -> Any:
    """Return a schema without what it tells people: that may be put better any day."""
    if isinstance(schema, list):
        return [bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    is_told = isinstance(schema.get("description"), str)
    return {n: bare(v) for n, v in schema.items() if not (is_told and n == "description")}


def the_enum(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a field's schema that lists what it may be."""
    [found] = [each for each in (schema, *schema.get("anyOf", ())) if "enum" in each]
    enum: dict[str, Any] = found
    return enum


@pytest.mark.parametrize("name", MESSAGES)
def test_schema_says_what_the_type_says(name: str) -> None:
    """The schema in the repository is the one that the message type gives (`make schemas`)."""
    assert read(SCHEMAS, name) == json.loads(json.dumps(schema_of(name)))


def test_there_is_no_schema_without_a_type() -> None:
    """Every file in `schemas/` is the schema of a message, or the contract of a service."""
    contracts = {"classifier.asyncapi", "router.asyncapi", "settler.asyncapi", "desk.asyncapi"}
    assert {path.stem for path in SCHEMAS.iterdir()} == {*MESSAGES, *contracts}


@pytest.mark.parametrize("name", MESSAGES)
def test_example_follows_its_schema_and_reads_as_its_type(name: str) -> None:
    """Each schema shows an example that validates against it and that our own reader takes."""
    schema = read(SCHEMAS, name)
    validator = Draft202012Validator(schema)
    for example in schema["examples"]:
        validator.validate(example)
        read_back = msgspec.json.encode(msgspec.convert(example, MESSAGES[name]))
        assert json.loads(read_back) == example


@pytest.mark.parametrize("broken", [{"id": "1"}, {"id": "1", "text": ""}, {"id": 1, "text": "a"}])
def test_schema_refuses_what_the_reader_refuses(broken: dict[str, Any]) -> None:
    """A sender who validates against the schema finds the mistakes that we would reject."""
    assert not Draft202012Validator(read(SCHEMAS, "inquiry.received.v1")).is_valid(broken)


def test_the_schema_of_every_message_is_kept() -> None:
    """No message can change without that a test finds out whom it leaves behind."""
    assert {path.stem for path in RELEASED.iterdir()} == set(MESSAGES)


def test_every_message_is_read_both_ways() -> None:
    """What was written is read today, and what is written today was read."""
    assert shared(SCHEMAS, RELEASED) == sorted(MESSAGES)
    assert unread(SCHEMAS, RELEASED) == []


def test_a_message_that_only_one_side_reads_is_found(tmp_path: Path) -> None:
    """A field that one release asks for and the other does not write shows, from either side."""
    schema = read(SCHEMAS, JUDGED)
    schema["$defs"]["Judgement"]["required"].append("branch")
    schema["examples"][0]["branch"] = "Leeds"
    (tmp_path / f"{JUDGED}.json").write_text(json.dumps(schema), encoding="utf-8")
    assert unread(SCHEMAS, tmp_path) == unread(tmp_path, SCHEMAS) == [JUDGED]


@pytest.mark.parametrize("path", sorted(RELEASED.iterdir()), ids=lambda path: path.stem)
def test_a_released_schema_still_holds(path: Path) -> None:
    """What was valid in a released version is read today, and what was promised is written.

    `released/` has each schema as it was when it could first be had. A new version of a message
    is a new type with a new number, never a change of an old one.
    """
    released, today = bare(read(RELEASED, path.stem)), bare(read(SCHEMAS, path.stem))
    for name, definition in released["$defs"].items():
        now = today["$defs"][name]
        assert now.get("required") == definition.get("required"), name
        assert set(now.get("enum", ())) >= set(definition.get("enum", ())), name
        for field, schema in definition.get("properties", {}).items():
            written = now["properties"][field]
            if (name, field) in GROWING:
                before, after = the_enum(schema), the_enum(written)
                assert set(after["enum"]) >= set(before["enum"])
                after["enum"] = before["enum"]
            assert written == schema, f"{name}.{field}"
    for example in released["examples"]:
        Draft202012Validator(today).validate(example)
        msgspec.convert(example, MESSAGES[path.stem])


def test_every_reason_for_a_rejection_is_explained() -> None:
    """The closed list of reasons has a sentence for each, for operators to read."""
    assert set(MEANING) == set(Rejection)
