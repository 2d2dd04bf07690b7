import pytest

from services.engine.linger import LEAST_PAUSE, MOST, TIMES, Linger


def test_the_next_transaction_waits_in_proportion_to_what_they_take() -> None:
    """From one to the next there is a multiple of what one takes: part of a core stays free."""
    linger = Linger()
    assert linger.after(5.0, 5.006, more=False) == pytest.approx(5.0 + TIMES * 0.006)


def test_what_they_take_is_learnt_from_all_partitions_and_from_many() -> None:
    """One slow transaction moves it a little; where all are slow, they soon wait for longer."""
    linger = Linger()
    usual = [linger.after(0.0, 0.004, more=False) for _ in range(50)][-1]
    assert usual < linger.after(0.0, 0.012, more=False) < 2 * usual
    slower = [linger.after(0.0, 0.012, more=False) for _ in range(50)][-1]
    assert slower == pytest.approx(TIMES * 0.012, rel=0.01)


def test_no_wait_is_longer_than_the_ceiling() -> None:
    """A broker that was away for a minute does not make anybody linger for as long."""
    assert Linger().after(0.0, 0.04, more=False) == MOST
    assert Linger().after(0.0, 60.0, more=False) == 60.0 + LEAST_PAUSE


def test_a_broker_is_given_the_time_to_end_the_last_one() -> None:
    """However short they are, one does not begin right after the other."""
    assert Linger().after(0.0, 0.001, more=False) == pytest.approx(0.001 + LEAST_PAUSE)


def test_a_backlog_waits_for_nothing() -> None:
    """Where more waits than a transaction takes, the next one begins at once."""
    assert Linger().after(0.0, 0.02, more=True) == 0.02


def test_a_fixed_time_is_kept_whatever_they_take() -> None:
    """What an operator sets goes from beginning to beginning, with a backlog too."""
    linger = Linger(fixed=0.5)
    assert linger.after(1.0, 1.1, more=True) == linger.after(1.0, 1.4, more=False) == 1.5
