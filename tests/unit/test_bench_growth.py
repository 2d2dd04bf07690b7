from pathlib import Path

from benchmarks.effort import ROUTER
from benchmarks.inquiries import texts
from benchmarks.many_departments import spread, with_departments
from benchmarks.work import RECEIVED_ID, Chosen, works
from services.classifier.model import load
from services.cli import MODEL
from services.local.lines import Line
from services.router.app import create_decider
from services.router.route import route
from services.router.settings import RouterSettings
from services.stream.service import utc_now
from tests.records import ARecord

TEXTS = 60


def test_a_router_of_many_departments_is_given_work_for_them(tmp_path: Path) -> None:
    """A table of so many departments is one that the router takes, and its work is checked."""
    router, environment = with_departments(tmp_path, "growth", RouterSettings(), 20)
    decider = create_decider(router)
    assert len(decider.table.topics) == 20 + 1
    assert environment["ROUTER_INPUT_TOPIC"] == router.input_topic
    model, asked = load(MODEL, threads=1), texts(60, TEXTS)
    usual = works(asked, Chosen(model, asked), model, create_decider(RouterSettings()))[ROUTER]
    work = spread(usual, decider, 20)
    lines = [
        Line(n, value, headers=((RECEIVED_ID, b"%d" % n), *work.headers))
        for n, value in enumerate(work.values)
    ]
    routed = route(lines, decider, rejected_topic="rejected", now=utc_now())
    assert len({output.topic for output in routed}) > 10
    assert all(
        work.approves(n, ARecord(output.value, topic=output.topic))
        for n, output in enumerate(routed)
    )
    assert not work.approves(0, ARecord(routed[0].value, topic="another"))
