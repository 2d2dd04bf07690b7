import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from services.contract.schemas import MESSAGES, schema_of
from services.messages.rejection import MEANING, Rejection
from services.resources import shipped

SCHEMAS = shipped("schemas")
RELEASED = Path(__file__).parent / "released"
# Reasons may be added to, as those of a rejection may.
GROWING = ("Route", "reason")


def read(folder: Path, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return schema


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


@pytest.mark.parametrize("path", sorted(RELEASED.iterdir()), ids=lambda path: path.stem)
def test_a_released_schema_still_holds(path: Path) -> None:
    """What was valid in a released version is read today, and what was promised is written.

    `released/` has each schema as it was when its version came out. A new version of a message
    is a new type with a new number, never a change of an old one.
    """
    released, today = read(RELEASED, path.stem), read(SCHEMAS, path.stem)
    for name, definition in released["$defs"].items():
        now = today["$defs"][name]
        assert now.get("required") == definition.get("required"), name
        assert set(now.get("enum", ())) >= set(definition.get("enum", ())), name
        for field, schema in definition.get("properties", {}).items():
            written = now["properties"][field]
            if (name, field) == GROWING:
                assert set(written["enum"]) >= set(schema["enum"])
                written |= {"enum": schema["enum"]}
            assert written == schema, f"{name}.{field}"
    for example in released["examples"]:
        Draft202012Validator(today).validate(example)
        msgspec.convert(example, MESSAGES[path.stem])


def test_every_reason_for_a_rejection_is_explained() -> None:
    """The closed list of reasons has a sentence for each, for operators to read."""
    assert set(MEANING) == set(Rejection)
