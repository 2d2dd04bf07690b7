from services.classifier.settings import ClassifierSettings
from services.kafka.settings import KafkaSettings
from services.operate.installation import installation_of
from services.operate.rights import Right, rights, rights_of
from services.router.settings import RouterSettings

INSTALLATION = installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings())


def test_the_rights_of_a_service_are_these() -> None:
    """A service reads one topic in one group, writes its own topics, and nothing else."""
    assert rights_of(ClassifierSettings(), ["inquiries.classified"]) == (
        Right("topic", "inquiries", ("Read", "Describe", "DescribeConfigs")),
        Right("topic", "inquiries.classified", ("Write", "Describe", "DescribeConfigs")),
        Right("topic", "inquiries.rejected", ("Write", "Describe", "DescribeConfigs")),
        Right("group", "inquiry-triage.classifier", ("Read", "Describe")),
        Right(
            "transactional-id",
            "inquiry-triage.classifier.inquiries.",
            ("Write", "Describe"),
            prefix=True,
        ),
    )


def test_the_router_writes_what_its_table_names() -> None:
    """The router may write its routing table's topics, copies and dead letters, and no other."""
    granted = rights(INSTALLATION)["router"]
    written = {right.name for right in granted if "Write" in right.operations and not right.prefix}
    assert written == INSTALLATION.table.topics | {"inquiries.audit", "inquiries.rejected"}


def test_no_service_may_do_what_the_other_does() -> None:
    """No right to write or to take part in a group is shared, but that on the dead letters."""
    of = rights(INSTALLATION)
    shared = set(of["classifier"]) & set(of["router"])
    assert shared == {
        Right("topic", "inquiries.rejected", ("Write", "Describe", "DescribeConfigs"))
    }


def test_an_operator_sends_letters_back_and_reads_no_answers() -> None:
    """Who replays reads the dead letters alone, and writes where they came from."""
    operator = rights(INSTALLATION)["operator"]
    assert {each.name for each in operator if "Read" in each.operations} == {"inquiries.rejected"}
    assert {each.name for each in operator if "Write" in each.operations} == {
        "inquiries.rejected",
        "inquiries",
        "inquiries.classified",
        "inquiries.judged",
        "inquiries.returned",
        "inquiry-triage.replay",
    }


def test_the_settler_reads_what_people_say_and_writes_its_notes_alone() -> None:
    """It may look up inquiries and read its own notes, and writes no judgement and no return."""
    settler = rights(INSTALLATION)["settler"]
    topics = [each for each in settler if each.resource == "topic"]
    read = {each.name for each in topics if "Read" in each.operations}
    looked_up = {"inquiries.review", "inquiries.audit", "inquiries.settled"}
    assert read == {"inquiries.judged", "inquiries.returned"} | looked_up
    written = {each.name for each in topics if "Write" in each.operations}
    assert written == INSTALLATION.table.topics | {
        "inquiries.not-ours",
        "inquiries.settled",
        "inquiries.rejected",
    }


def test_who_fetches_lessons_reads_what_was_judged_and_changes_nothing() -> None:
    """The learner reads notes, reviews and copies, and takes part in no group."""
    learner = rights(INSTALLATION)["learner"]
    assert {each.name for each in learner} == {
        "inquiries.settled",
        "inquiries.review",
        "inquiries.audit",
    }
    assert {each.operations for each in learner} == {("Read", "Describe")}
    assert {each.resource for each in learner} == {"topic"}


def test_the_doctor_looks_and_reads_no_record() -> None:
    """Who runs `triage doctor` may describe, and neither read nor write anything."""
    doctor = rights(INSTALLATION)["doctor"]
    assert {operation for each in doctor for operation in each.operations} == {
        "Describe",
        "DescribeConfigs",
    }
