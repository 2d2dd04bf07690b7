"""What the figures were measured on: nothing that names a host, a user or a folder."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from services.local.jars import pinned

PACKAGES = (
    "aiokafka",
    "onnxruntime",
    "numpy",
    "msgspec",
    "uvloop",
    "faststream",
    "confluent-kafka",
    "scikit-learn",
    "skl2onnx",
)


def describe_machine() -> dict[str, str]:
    """Give cores, system and the versions that matter."""
    kafka = next(jar.version for jar in pinned() if jar.group == "org.apache.kafka")
    return {
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **dict(_versions()),
        "Kafka": kafka,
    }


def _versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        with suppress(PackageNotFoundError):  # those that the benchmark alone needs
            yield package, version(package)
