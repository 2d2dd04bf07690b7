"""A network namespace for each broker, so that links between them can be cut.

A namespace lives as long as a process in it, and so does what is in it. Everything here is held by
child processes, which end with this Python however that ends: nothing is left that a second run
could trip over. That is why no namespace has a name (`ip netns`).
"""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from services.errors import TriageError
from services.local.child_process import ChildProcess

TOOLS = ("ip", "nsenter", "unshare")
LIMIT = 10.0
NOBODY = "02:00:00:00:00:00"  # no interface has this address


@dataclass(frozen=True)
class Namespace:
    """A network namespace, for as long as its holder runs."""

    holder: ChildProcess

    @property
    def enter(self) -> tuple[str, ...]:
        """Program and arguments that run a command in it."""
        return ("nsenter", f"--net=/proc/{self.holder.pid}/ns/net")

    def ip(self, *commands: str) -> None:
        """Run commands of `ip` in it, in this order."""
        _ip(commands, self.enter)


class Network:
    """Namespaces of brokers on one bridge, with this machine's own on it too.

    Args:
        stack: Ends it all.
        folder: For what the holders print; it has to exist.
        count: How many brokers.

    Raises:
        TriageError: This machine does not allow it; the sentence says why.
    """

    def __init__(self, stack: ExitStack, folder: Path, count: int) -> None:
        self._subnet = _free_subnet()
        self._hub = _namespace(stack, folder)
        here = f"triage{self._subnet}"
        _ip([f"link add {here} type veth peer name here netns {self._hub.holder.pid}"])
        _ip([f"addr add {self._address(1)}/24 dev {here}", f"link set {here} up"])
        self._hub.ip(
            "link add bridge type bridge",
            "link set bridge up",
            "link set here master bridge up",
        )
        self._brokers = [_namespace(stack, folder) for _ in range(count)]
        for number, broker in enumerate(self._brokers):
            self._hub.ip(
                f"link add port{number} type veth peer name eth0 netns {broker.holder.pid}",
                f"link set port{number} master bridge up",
            )
            broker.ip(
                f"addr add {self.host(number)}/24 dev eth0", "link set eth0 up", "link set lo up"
            )

    @property
    def holders(self) -> tuple[int, ...]:
        """The ids of the processes that hold the namespaces."""
        return tuple(each.holder.pid for each in (self._hub, *self._brokers))

    def host(self, number: int) -> str:
        """Return a broker's address."""
        return self._address(11 + number)

    def enter(self, number: int) -> tuple[str, ...]:
        """Return program and arguments that run a command where a broker is."""
        return self._brokers[number].enter

    def cut(self, number: int) -> None:
        """Cut a broker off from everybody: what is sent is lost, and no connection is closed."""
        self._hub.ip(f"link set port{number} down")

    def cut_from_peers(self, number: int) -> None:
        """Cut a broker off from the other brokers alone, in both directions, without a word."""
        for namespace, address in self._between(number):
            # Sent to an address that nobody has: no firewall is needed, and nothing is told.
            namespace.ip(f"neigh replace {address} lladdr {NOBODY} dev eth0 nud permanent")

    def join(self, number: int) -> None:
        """Undo what was cut of a broker."""
        self._hub.ip(f"link set port{number} up")
        for namespace, address in self._between(number):
            namespace.ip(f"neigh flush to {address} dev eth0 nud permanent")

    def _between(self, number: int) -> Iterator[tuple[Namespace, str]]:
        """Yield where a broker and each of its peers are, with the address of the other."""
        for other, namespace in enumerate(self._brokers):
            if other != number:
                yield namespace, self.host(number)
                yield self._brokers[number], self.host(other)

    def _address(self, last: int) -> str:
        return f"10.213.{self._subnet}.{last}"


def why_not(user: int | None = None) -> str | None:
    """Say why this machine does not let a user, or us, make namespaces; None where it may."""
    if (os.geteuid() if user is None else user) != 0:
        return "only root may make network namespaces"
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"there is no {missing[0]} here"
    return None


def _namespace(stack: ExitStack, folder: Path) -> Namespace:
    holder = ChildProcess(
        ("unshare", "--net", "sleep", "infinity"), folder=folder, log=folder / "network.log"
    )
    stack.callback(holder.kill)
    ours = Path("/proc/self/ns/net").readlink()
    deadline = time.monotonic() + LIMIT
    while Path(f"/proc/{holder.pid}/ns/net").readlink() == ours:
        if holder.exit_code is not None or time.monotonic() > deadline:
            raise TriageError("This machine lets nobody make a network namespace.")
        time.sleep(0.01)
    return Namespace(holder)


def _free_subnet() -> int:
    """Choose a number that no other network of ours has."""
    taken = _run(("ip", "-4", "addr"))
    free = [number for number in range(1, 255) if f" 10.213.{number}." not in taken]
    return random.choice(free)


def _ip(commands: Sequence[str], enter: Sequence[str] = ()) -> None:
    for command in commands:
        _run((*enter, "ip", *command.split()))


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TriageError(f"`{' '.join(command)}` failed ({done.stderr.strip()}).")
    return done.stdout
