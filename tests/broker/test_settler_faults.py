import asyncio
from collections import Counter
from random import Random
from typing import Any

from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import until
from tests.broker.desk import OTHER, Desk, Waiting, a_judgement
from tests.broker.faults.scene import counted
from tests.broker.pipeline import PARTITIONS, Pipeline

JUDGEMENTS = 2_000
SLICE = 50
PAUSE = 0.15  # so that the faults strike in the midst of them
ROUNDS = 3
SEED = 17


def clicks(waiting: list[Waiting]) -> list[dict[str, Any]]:
    """Return judgements: every tenth twice, every twentieth by a second person, too."""
    found = []
    for number, each in enumerate(waiting):
        found.append(a_judgement(each, 1))
        if number % 10 == 0:
            found.append(a_judgement(each, 1))
        if number % 20 == 7:
            found.append(a_judgement(each, 2, department=OTHER))
    return found


async def test_what_people_decide_is_done_once_through_faults(pipeline: Pipeline) -> None:
    """Of 2,000 judgements none is lost, doubled or altered, and each inquiry has one that counts.

    Meanwhile both settlers are killed, and one is frozen until the other has taken over.
    """
    desk = Desk(pipeline)
    replicas = [pipeline.service("settler", each, SETTLER_BATCH_RECORDS="20") for each in "ab"]
    await pipeline.started(*replicas)
    waiting = await desk.waiting(JUDGEMENTS)
    judgements = clicks(waiting)
    judging = asyncio.create_task(_judge(desk, judgements))
    random = Random(SEED)
    for _ in range(ROUNDS):
        await _kill(replicas, random)
        await _freeze(*random.sample(replicas, 2))
    await judging
    await pipeline.started(*replicas)
    arrived = await desk.read("home-office", "justice")
    by_key = Counter(each.key for each in arrived)
    sent = {each.key: each for each in waiting}
    lost = [key for key in sent if not by_key[key]]
    doubled = [key for key, times in by_key.items() if times > 1]
    altered = [
        each.key
        for each in arrived
        if not each.value.startswith(sent[each.key].value[:-1] + b',"decision":')
        or each.topic != desk.topics["home-office"]
    ]
    assert (lost, doubled, altered) == ([], [], [])
    verdicts = Counter(each.verdict for each in await desk.settled())
    assert verdicts == {
        "counted": JUDGEMENTS,
        "repeated": JUDGEMENTS // 10,
        "late": JUDGEMENTS // 20,
    }


async def _judge(desk: Desk, judgements: list[dict[str, Any]]) -> None:
    for start in range(0, len(judgements), SLICE):
        await desk.judge(*judgements[start : start + SLICE])
        await asyncio.sleep(PAUSE)


async def _kill(replicas: list[ServiceProcess], random: Random) -> None:
    await asyncio.sleep(random.random())  # a moment in the midst of a batch
    for each in replicas:
        each.kill()
        each.start()
    await asyncio.gather(*(asyncio.to_thread(each.wait_until_ready) for each in replicas))


async def _freeze(frozen: ServiceProcess, other: ServiceProcess) -> None:
    await asyncio.sleep(0.2)
    frozen.freeze()
    try:
        await until(lambda: asyncio.to_thread(_has_all, other))
    finally:
        frozen.thaw()
    await asyncio.to_thread(frozen.wait_until_ready)


def _has_all(service: ServiceProcess) -> bool:
    return counted(service, "triage_assigned_partitions") == PARTITIONS
