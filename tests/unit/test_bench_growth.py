from pathlib import Path

from benchmarks.contestants import Name
from benchmarks.many_departments import spread, with_departments
from benchmarks.processes import environment_with
from benchmarks.workloads import Inquiries, Results
from services.cli import MODEL
from services.clock import utc_now
from services.local.processes.pipeline import plan_installation
from services.messages.record import Output
from services.model.text_model import load_model
from services.router.app import create_decider
from services.router.route import route_records
from tests.records import ARecord

TEXTS = range(60)


def test_a_router_of_many_departments_is_given_work_for_them(tmp_path: Path) -> None:
    """A table of so many departments is one that the router takes, and its work is checked."""
    usual = plan_installation()
    plan = with_departments(usual, tmp_path / "departments", 20)
    decider = create_decider(plan.router)
    assert len(decider.table.topics) == 20 + 1
    assert environment_with(plan, "growth.")["ROUTER_ROUTES"] == str(plan.router.routes)
    model = load_model(MODEL, threads=1)
    inquiries = Inquiries(60, model, create_decider(usual.router), len(TEXTS))
    workload = spread(inquiries.given_to(Name.ROUTER), plan)
    records = [
        ARecord(o.value, tuple(o.headers), o.key) for n in TEXTS for o in [workload.record("t", n)]
    ]
    routed = [
        each for each in route_records(records, decider, utc_now()) if isinstance(each, Output)
    ]
    assert len({output.topic for output in routed}) > 10
    answers = Results(workload, TEXTS, "growth.")
    for output in routed:
        answers.note(ARecord(output.value, key=output.key, topic=f"growth.{output.topic}"))
    answers.check(Name.ROUTER)
    assert not workload.is_right(0, "another", routed[0].value or b"")
