"""Where this machine allows namespaces: what is cut is cut, and nothing of it is ever left."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.local.child_process import ChildProcess
from tests.broker.at_rest import until
from tests.broker.cluster.network import Network, why_not
from tests.broker.processes import is_running

PORT = 9092
LISTEN = f"import socket, time; s = socket.create_server(('', {PORT})); time.sleep(600)"
CONNECT = f"import socket, sys; socket.create_connection((sys.argv[1], {PORT}), timeout=0.3)"
PARENT = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from tests.broker.cluster.network import Network
with ExitStack() as stack:
    network = Network(stack, Path(sys.argv[1]), 2)
    print(network.holders, network.host(0), flush=True)
    time.sleep(60)
"""
HERE = -1

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"{why_not()}")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """Three namespaces, in each of which somebody listens."""
    with ExitStack() as stack:
        network = Network(stack, tmp_path, 3)
        for number in range(3):
            command = (*network.enter(number), sys.executable, "-c", LISTEN)
            listener = ChildProcess(command, folder=tmp_path, log=tmp_path / "listener.log")
            stack.callback(listener.kill)
        yield network


def reaches(network: Network, one: int, other: int) -> bool:
    enter = () if one == HERE else network.enter(one)
    command = (*enter, sys.executable, "-c", CONNECT, network.host(other))
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def reached(network: Network) -> set[tuple[int, int]]:
    pairs = [(one, other) for one in (HERE, 0, 1, 2) for other in range(3) if one != other]
    return {pair for pair in pairs if reaches(network, *pair)}


ALL = {(HERE, 0), (HERE, 1), (HERE, 2), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}


async def test_what_is_cut_is_cut_and_nothing_else(network: Network) -> None:
    """A broker is cut off from everybody, or from its peers alone, and is joined again."""

    async def whole() -> bool:
        return await asyncio.to_thread(reached, network) == ALL

    await until(whole)
    network.cut(0)
    assert await asyncio.to_thread(reached, network) == {(HERE, 1), (HERE, 2), (1, 2), (2, 1)}
    network.join(0)
    await until(whole)
    network.cut_from_peers(1)
    assert await asyncio.to_thread(reached, network) == {
        *((HERE, 0), (HERE, 1), (HERE, 2)),
        *((0, 2), (2, 0)),
    }
    network.join(1)
    await until(whole)


async def test_nothing_is_left_of_a_network(tmp_path: Path) -> None:
    """When the Python that made a network is killed (-9), its namespaces and links go too."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(tmp_path)), stdout=subprocess.PIPE
    )
    assert parent.stdout
    *holders, host = (await parent.stdout.readline()).decode().split()
    pids = [int(each.strip("(),")) for each in holders]
    subnet = host.rpartition(".")[0]
    assert len(pids) == 3
    assert all(map(is_running, pids))
    assert f" {subnet}.1/" in addresses()
    parent.kill()
    await parent.wait()

    async def gone() -> bool:
        return not any(map(is_running, pids)) and f" {subnet}.1/" not in addresses()

    await until(gone, limit=10)


def addresses() -> str:
    """Return all addresses of this machine's own."""
    return subprocess.run(("ip", "-4", "addr"), capture_output=True, text=True, check=True).stdout
