"""One embedded Kafka for the session of tests; each test has topics of its own on it."""

import itertools
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.errors import TriageError
from services.local.console.steps import silently
from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.embedded_kafka.jars import class_path
from services.local.embedded_kafka.java import find_java
from tests.broker.pipeline import Pipeline
from tests.warm import WarmService

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def can_embed() -> None:
    """Skip where this machine has no Java or no way to Kafka's jars; in CI that is a failure."""
    try:
        find_java()
        class_path(silently)
    except TriageError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka(can_embed: None) -> Iterator[EmbeddedKafka]:
    """The broker that the tests share: none of them stops it."""
    with temporary_folder("triage-tests-") as folder, EmbeddedKafka(folder) as kafka:
        yield kafka


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """What a test's names on Kafka begin with, so that they are no other's."""
    name = re.sub(r"\W+", "-", request.node.name)[:40].strip("-")
    return f"{name}.{next(_numbers)}."


@pytest.fixture
async def pipeline(kafka: EmbeddedKafka, tmp_path: Path, prefix: str) -> AsyncIterator[Pipeline]:
    """A pipeline on the shared broker, with its topics; its services are not started yet."""
    with ExitStack() as stack:
        pipeline = Pipeline(kafka.bootstrap_servers, tmp_path, prefix, stack, WarmService)
        await pipeline.create_topics(quiet_partitions=1)
        yield pipeline
