"""Ports that nobody listens on."""

import random
import socket
from collections.abc import Iterator

# Below the ports that systems give to outgoing connections. Else a client that keeps trying a
# server that is away is some day given the server's port for its own end: it is then connected to
# itself, and the server cannot come back.
PORTS = range(20_000, 32_000)


def free_ports() -> Iterator[int]:
    """Yield ports of 127.0.0.1 that are free at the moment, in random order."""
    return (port for port in random.sample(PORTS, len(PORTS)) if _is_free(port))


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
