"""Three brokers where this machine has them, and what can strike them there."""

from pathlib import Path

from tests.broker.cluster.cluster import LOOPBACK, Cluster, three
from tests.broker.cluster.network import why_not
from tests.broker.faults.kinds import OF_THREE, of_brokers

NOBODY = 65534


def test_on_loopback_each_broker_has_ports_of_its_own_and_no_link_is_cut(tmp_path: Path) -> None:
    """Without a network of ours every fault strikes but those that would need one."""
    cluster = three(tmp_path, None)
    hosts, ports = zip(
        *(each.split(":") for each in cluster.bootstrap_servers.split(",")), strict=True
    )
    assert set(hosts) == {LOOPBACK}
    assert len(set(ports)) == 3
    strikes = of_brokers(cluster)
    assert [fault for fault in OF_THREE if fault.cuts]
    assert strikes == [fault for fault in OF_THREE if not fault.cuts]


def test_where_a_network_is_every_fault_strikes(tmp_path: Path) -> None:
    """Links can be cut there, and are."""
    there = three(tmp_path, None)
    with_network = Cluster(there.brokers, there.bootstrap_servers, network=object())  # type: ignore[arg-type]
    assert of_brokers(with_network) == [*OF_THREE]


def test_who_is_not_root_gets_loopback() -> None:
    """Somebody who may make no namespace is told so, and nothing is tried."""
    assert why_not(user=NOBODY) == "only root may make network namespaces"
