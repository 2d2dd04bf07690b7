"""What the figures were measured on: nothing that names a host, a user or a folder."""

import os
import platform
from importlib.metadata import version

from services.local.jars import pinned

PACKAGES = ("aiokafka", "onnxruntime", "numpy", "msgspec", "uvloop")


def describe_machine() -> dict[str, str]:
    """Give cores, system and the versions that matter."""
    kafka = next(jar.version for jar in pinned() if jar.group == "org.apache.kafka")
    return {
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "Kafka": kafka,
    }
