"""The AsyncAPI documents that the services serve by default; `make schemas` writes them out."""

import asyncio
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
from faststream.asgi import AsgiFastStream

from services.classifier import app as classifier
from services.classifier.settings import ClassifierSettings
from services.clock import utc_now
from services.desk.settings import DeskSettings
from services.desk.wiring import contract_of
from services.kafka.settings import KafkaSettings
from services.router import app as router
from services.router.settings import RouterSettings
from services.settler import app as settler
from services.settler.settings import SettlerSettings


def contracts() -> dict[str, dict[str, Any]]:
    """Return each service's document, with default settings whatever the environment says.

    But copies are drawn for an audit, lest the document leave out a topic that can be written.
    """
    drawing = RouterSettings.model_construct(audit_share=1.0)
    kafka = KafkaSettings.model_construct()
    apps = {
        "classifier": classifier.create_app(ClassifierSettings.model_construct(), kafka, utc_now),
        "router": router.create_app(drawing, kafka, utc_now),
        "settler": settler.create_app(SettlerSettings.model_construct(), kafka, utc_now),
    }
    served = {name: msgspec.json.decode(_get(app, "/asyncapi.json")) for name, app in apps.items()}
    return {**served, "desk": contract_of(DeskSettings.model_construct(), kafka)}


def write_contracts(folder: Path) -> None:
    """Write each document to `folder` as NAME.asyncapi.json, replacing what is there."""
    for name, document in contracts().items():
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
        (folder / f"{name}.asyncapi.json").write_text(text + "\n", encoding="utf-8")


def _get(app: AsgiFastStream, path: str) -> bytes:
    """Ask an application for a path as its server would, which nothing has to listen for."""
    body: list[bytes] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: Mapping[str, Any]) -> None:
        body.append(message.get("body", b""))

    asyncio.run(app({"type": "http", "method": "GET", "path": path}, receive, send))
    return b"".join(body)


if __name__ == "__main__":
    write_contracts(Path(sys.argv[1]))
