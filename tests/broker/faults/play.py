"""Runs a round: traffic, one step of the schedule after the other, and what came of it all."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from time import monotonic

from services.errors import TriageError
from services.kafka.connected import an_admin
from services.operate.topics import topics_of
from tests.broker.at_rest import until
from tests.broker.cluster.cluster import Cluster
from tests.broker.exactly_once import compare
from tests.broker.faults.figures import Figures
from tests.broker.faults.form import Form
from tests.broker.faults.judged import account, is_settlers
from tests.broker.faults.kinds import of_brokers
from tests.broker.faults.left import read_log, topics_of_decisions
from tests.broker.faults.scene import Scene
from tests.broker.faults.schedule import Strike, draw
from tests.broker.faults.traffic import misjudged
from tests.broker.pipeline import Pipeline

PUBLISH_LIMIT = 600.0


async def play(
    cluster: Cluster,
    folder: Path,
    form: Form,
    seed: int,
    *,
    figures: Figures,
    say: Callable[[str], None],
    only: str = "",
) -> None:
    """Run one round on topics of its own, and add what it shows to the figures.

    Only those steps are taken of which a strike has the name `only` in its own.

    Raises:
        TimeoutError: The services did not go on after a fault.
        TriageError: No step has such a name.
    """
    drawn = draw(Random(seed), form, of_brokers(cluster))
    steps = [step for step in drawn if any(only in str(strike) for strike in step)]
    if not steps:
        raise TriageError(f"No fault has {only!r} in its name: the table in docs has the names.")
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    with ExitStack() as stack:
        servers, prefix = cluster.bootstrap_servers, f"round-{seed}."
        pipeline = Pipeline(servers, folder, prefix, stack, replication=cluster.replication)
        await pipeline.create_topics()
        scene = Scene(cluster, pipeline, form, Random(seed), figures, say)
        stack.enter_context(scene.killed_on_failure())
        await pipeline.started(*(each for both in scene.replicas.values() for each in both))
        async with scene.traffic(), scene.watched():
            await scene.recovered()
            for step in steps:
                await _take(scene, step)
            await until(lambda: _published(pipeline, form), PUBLISH_LIMIT)
        arrived = await scene.arrived()
        settlers = [each for each in arrived if is_settlers(each)]
        routed = [each for each in arrived if not is_settlers(each)]
        faults = compare(pipeline.published, routed)
        figures.note(len(pipeline.published), faults, misjudged(pipeline.published, routed))
        log = await read_log(pipeline, settlers)
        figures.note_judged(
            scene.people.published, log, account(log, topics_of_decisions(pipeline))
        )
        await _tidy(pipeline)


async def _take(scene: Scene, step: list[Strike]) -> None:
    began = monotonic()
    try:
        await asyncio.gather(*(_strike(scene, strike) for strike in step))
        await scene.recovered()
    except TriageError as error:  # said at once: what is being published waits for the broker
        scene.say(f"{' and '.join(map(str, step))}: {error}")
        raise
    except TimeoutError:
        state = await asyncio.to_thread(scene.state)
        raise TimeoutError(f"{' and '.join(map(str, step))}: {state}") from None
    scene.say(f"{monotonic() - began:5.1f} s  {' and '.join(map(str, step))}")


async def _strike(scene: Scene, strike: Strike) -> None:
    fault, target = strike.fault, scene.target(strike.service, strike.replica)
    await asyncio.sleep(strike.after)  # a random moment in the midst of the traffic
    await fault.inject(scene, target)
    await fault.until(scene, target)
    await fault.undo(scene, target)
    scene.figures.injected[fault.name] += 1
    scene.figures.struck += fault.strikes


async def _published(pipeline: Pipeline, form: Form) -> bool:
    return len(pipeline.published) >= form.inquiries


async def _tidy(pipeline: Pipeline) -> None:
    """Delete the topics, lest a broker that is killed later has them all to recover."""
    async with an_admin(pipeline.servers) as admin:
        await admin.delete_topics([*topics_of(pipeline.installation)])
