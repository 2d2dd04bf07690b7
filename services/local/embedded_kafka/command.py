"""`triage broker`: a Kafka of one node on this machine, for trying things out."""

import time
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from services.local.console.temporary_folder import temporary_folder
from services.local.console.terminal import steps_on, stopping_on_sigterm
from services.local.embedded_kafka.broker import EmbeddedKafka


def run_broker(folder: Path | None) -> None:
    """Run a Kafka of one node until Ctrl-C.

    Raises:
        TriageError: It cannot be started, or ended by itself.
    """
    console = Console()
    with ExitStack() as stack:
        stack.enter_context(stopping_on_sigterm())
        data = folder or stack.enter_context(temporary_folder("triage-broker-"))
        with suppress(KeyboardInterrupt):
            with steps_on(console) as on_step:
                kafka = stack.enter_context(EmbeddedKafka(data, on_step=on_step))
            console.print(f"export KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}")
            console.print("Kafka runs until Ctrl-C.", style="dim")
            while True:
                kafka.check()
                time.sleep(1)
