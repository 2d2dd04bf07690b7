import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator, ValidationError

from services.contract.asyncapi import document
from services.contract.received_messages import PLAIN, STRUCTURED
from services.kafka.settings import KafkaSettings
from services.messages.decision import Reason
from services.messages.events import CLASSIFIED, RECEIVED
from services.messages.rejection import Rejection
from services.operate.contracts import contracts
from services.resources import shipped
from tests.asyncapi import Json, names_of, validator
from tests.records import BINARY as BINARY_MODE
from tests.records import STRUCTURED as STRUCTURED_MODE
from tests.records import ARecord, an_envelope, an_inquiry

SCHEMA = Path(__file__).parents[1] / "contract" / "schemas" / "AsyncAPI.json"
ASYNCAPI = Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
SERVICES = ("classifier", "router", "settler")


@pytest.fixture(scope="module")
def served() -> dict[str, Json]:
    return contracts()


def a_document(**kafka: Any) -> Json:
    return document(
        title="a service",
        version="1.0",
        kafka=KafkaSettings(**kafka),
        group="its-group",
        reads={"inquiries": RECEIVED},
        writes={"inquiries.classified": CLASSIFIED},
    )


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_keeps_to_asyncapi(served: dict[str, Json], service: str) -> None:
    """What a service serves is valid against AsyncAPI 3.0's own schema."""
    ASYNCAPI.validate(served[service])


@pytest.mark.parametrize("section", ["channels", "operations", "servers", "info"])
def test_a_misspelt_field_of_a_document_is_found(section: str) -> None:
    """AsyncAPI's schema refuses a field that it does not know."""
    misspelt = deepcopy(a_document())
    part = misspelt[section] if section == "info" else next(iter(misspelt[section].values()))
    part["sumary"] = "What contact-centre systems publish."
    with pytest.raises(ValidationError):
        ASYNCAPI.validate(misspelt)


@pytest.mark.parametrize("service", SERVICES)
def test_the_file_says_what_the_service_serves(served: dict[str, Json], service: str) -> None:
    """The document in the repository is the one that is served by default (`make schemas`)."""
    file = shipped("schemas", f"{service}.asyncapi.json")
    assert json.loads(file.read_text(encoding="utf-8")) == served[service]


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {each for item in node for each in references(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if "$ref" in node else set()
    return own.union(*map(references, node.values()))


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_leads_somewhere(served: dict[str, Json], service: str) -> None:
    """Whatever a document refers to is in it."""
    for reference in references(served[service]):
        found: Any = served[service]
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


@pytest.mark.parametrize("service", SERVICES)
def test_the_examples_are_what_the_schemas_say(served: dict[str, Json], service: str) -> None:
    """Headers and value of each message's example are valid against the message."""
    for message in served[service]["components"]["messages"].values():
        for example in message["examples"]:
            headers = example.get("headers", {})
            validator(served[service], message["headers"]).validate(headers)
            validator(served[service], message["payload"]).validate(example["payload"])


def with_one_less(value: Any, schema: Json, document: Json) -> Iterator[Any]:
    """Yield copies of a value, each without one of the fields that a schema requires."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, field in schema.get("properties", {}).items():
        if name in schema.get("required", ()):
            yield {each: value[each] for each in value if each != name}
            for less in with_one_less(value[name], field, document):
                yield value | {name: less}


@pytest.mark.parametrize("service", SERVICES)
def test_a_message_without_a_required_field_is_found(served: dict[str, Json], service: str) -> None:
    """Whatever header or field one takes out of a message, the document says that it lacks."""
    contract = served[service]
    for message in contract["components"]["messages"].values():
        for example in message["examples"]:
            for part, schema in (("headers", message["headers"]), ("payload", message["payload"])):
                for less in with_one_less(example.get(part), schema, contract):
                    assert not validator(contract, schema).is_valid(less)


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (ARecord(an_inquiry()), [PLAIN]),
        (ARecord(an_inquiry(), (("content-type", None), ("trace", b"1"))), [PLAIN]),
        (ARecord(an_inquiry(), BINARY_MODE), [RECEIVED]),
        (ARecord(an_envelope(an_inquiry()), STRUCTURED_MODE), [STRUCTURED]),
        (ARecord(an_inquiry(text="")), []),
        (ARecord(an_inquiry(received_at="2026-11-02T09:30:00")), []),
        (ARecord(an_inquiry(), (("ce_specversion", b"1.0"),)), []),
        (ARecord(an_envelope(b"{}"), STRUCTURED_MODE), []),
        (ARecord(an_inquiry(), STRUCTURED_MODE), []),
        (ARecord(None), []),
    ],
)
def test_each_way_to_publish_is_one_message(record: ARecord, names: list[str]) -> None:
    """A record is one of the topic's messages, by the mode it is in, or none if it is rejected."""
    assert names_of(a_document(), record) == names


def test_every_reason_is_explained(served: dict[str, Json]) -> None:
    """A consumer finds in the document what each reason of a route or a rejection means."""
    messages = served["router"]["components"]["messages"]
    for message, reasons in (
        ("inquiry.routed.v1", get_args(Reason)),
        ("inquiry.rejected.v1", Rejection),
    ):
        for reason in reasons:
            assert f"- `{reason}`: " in messages[message]["description"]


@pytest.mark.parametrize(
    ("kafka", "protocol", "schemes"),
    [
        ({}, "kafka", []),
        ({"security_protocol": "SSL"}, "kafka-secure", []),
        ({"security_protocol": "SSL", "ssl_certfile": "c.pem"}, "kafka-secure", ["X509"]),
        ({"security_protocol": "SASL_SSL"}, "kafka-secure", ["scramSha512"]),
        (
            {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"},
            "kafka-secure",
            ["plain"],
        ),
    ],
)
def test_the_document_says_how_to_connect(kafka: Json, protocol: str, schemes: list[str]) -> None:
    """Each broker is named, with how a client is checked there, and no user or password is."""
    user = {"sasl_username": "the-user", "sasl_password": "the-password"}
    written = a_document(bootstrap_servers="one:9092, two:9092", **kafka, **user)
    ASYNCAPI.validate(written)
    servers = written["servers"].values()
    assert [server["host"] for server in servers] == ["one:9092", "two:9092"]
    assert {server["protocol"] for server in servers} == {protocol}
    known = written["components"]["securitySchemes"].values()
    assert [scheme["type"] for scheme in known] == schemes
    assert all(len(server["security"]) == len(schemes) for server in servers)
    assert not {"the-user", "the-password"} & set(json.dumps(written).split('"'))
