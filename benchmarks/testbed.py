"""Where everything is measured: a Kafka of its own, a folder, the settings and the model."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from services.errors import TriageError
from services.kafka.settings import KafkaSettings
from services.local.console.steps import OnStep
from services.local.console.temporary_folder import temporary_folder
from services.local.console.terminal import steps_on, stopping_on_sigterm
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.pipeline import plan_installation
from services.model.text_model import Model, load_model
from services.operate.installation import Installation
from services.router.app import create_decider
from services.router.decide import Decider

# Records that were deleted after a run leave the disk during the next ones.
PROPERTIES = {
    "log.segment.bytes": str(64 * 1024 * 1024),
    "log.retention.check.interval.ms": "5000",
    "log.segment.delete.delay.ms": "1000",
}


@dataclass(frozen=True)
class Testbed:
    """The installation that is measured, its broker, what it decides with, and a folder."""

    plan: Installation
    broker: EmbeddedKafka
    model: Model
    decider: Decider
    folder: Path
    on_step: OnStep


@contextmanager
def testbed(name: str, console: Console) -> Iterator[Testbed]:
    """Start a Kafka for the block; an error in it ends the program with a sentence."""
    try:
        plan = plan_installation()
        model, decider = load_model(plan.classifier.model, threads=1), create_decider(plan.router)
        with (
            stopping_on_sigterm(),
            temporary_folder(f"triage-{name}-") as folder,
            steps_on(console) as on_step,
            EmbeddedKafka(folder / "kafka", properties=PROPERTIES, on_step=on_step) as kafka,
        ):
            own = KafkaSettings.model_construct(bootstrap_servers=kafka.bootstrap_servers)
            yield Testbed(replace(plan, kafka=own), kafka, model, decider, folder, on_step)
    except (TriageError, KafkaError) as error:
        typer.echo(f"{name}: {error}", err=True)
        sys.exit(getattr(error, "exit_code", 1))
