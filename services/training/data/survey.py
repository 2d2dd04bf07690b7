"""What a history of inquiries looks like, in lines to print: counts and names, never a text."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from services.training.data.columns import Columns
from services.training.data.dataset import flags_in, labels_in
from services.training.data.doubles import groups_of
from services.training.data.file import File
from services.training.data.names import CERTAIN, Names
from services.training.data.personal import count_personal
from services.training.data.spelling import joined_names, near_doubles

MOST_PAIRS = 10
# So many texts of one length, and none longer: a column that holds no more.
FEWEST_CUT, SHORTEST_CUT = 3, 100
LOST_LETTER = "\ufffd"


def survey(files: Sequence[File], columns: Columns) -> Iterator[str]:
    """Describe files: each by itself, and then all rows that can be used together."""
    for file in files:
        yield from _file(file, columns)
    if not any(file.rows for file in files):
        return
    yield from _names("label", labels_in(files), files)
    if columns.flags:
        yield from _names("flag", flags_in(files), files)
    yield from _dates(files, columns)
    yield from _doubles(files)
    personal = count_personal(row.text for file in files for row in file.rows)
    listed = ", ".join(f"{kind} {count:,}" for kind, count in personal.items())
    yield f"Personal data, in so many texts: {listed or 'none was found'}."


def _file(file: File, columns: Columns) -> Iterator[str]:
    yield file.summary
    empty = [
        f"{_column(name, number, columns)} {count:,}"
        for number, name in enumerate(file.table.columns, start=1)
        if (count := sum(_is_empty(record.cells.get(name)) for record in file.table.records))
    ]
    if empty:
        yield f"  Empty cells: {', '.join(empty)}."
    if lost := sum(LOST_LETTER in row.text for row in file.rows):
        yield f"  Letters that were lost when this was converted earlier: in {lost:,} texts."
    lengths = Counter(len(row.text) for row in file.rows)
    longest = max(lengths, default=0)
    if longest >= SHORTEST_CUT and lengths[longest] >= FEWEST_CUT:
        yield f"  Texts that seem to be cut: {lengths[longest]:,}, after {longest:,} letters each."


def _column(name: str, number: int, columns: Columns) -> str:
    """Name a column that was asked for; of any other the name may be a citizen's words."""
    return name if name in columns.asked else f"column {number}"


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _names(what: str, places: Names, files: Sequence[File]) -> Iterator[str]:
    rows = [row.labels if what == "label" else row.flags or () for f in files for row in f.rows]
    without, several = sum(not each for each in rows), sum(len(each) > 1 for each in rows)
    yield f"{len(places):,} {what}s; {without:,} rows have none, {several:,} have several."
    usual = sorted(
        filter(places.certain, places),
        key=lambda name: (-len(places[name]), name),
    )
    for name in usual:
        yield f"  {len(places[name]):8,} {name}"
    if hidden := [name for name in places if name not in set(usual)]:
        rare = all(len(places[name]) < CERTAIN for name in hidden)
        why = f"Fewer than {CERTAIN} rows each" if rare else "Not shown, since they may be texts"
        yield f"  {why}: {places.listed(hidden)}."
    for one, other in near_doubles([*places])[:MOST_PAIRS]:
        pair = map(places.shown, (one, other))
        yield f"  Nearly the same name: {' | '.join(pair)}."
    if joined := joined_names([*places]):
        yield f"  Made of others, which only | parts: {places.listed(joined)}."


def _dates(files: Sequence[File], columns: Columns) -> Iterator[str]:
    if not columns.date:
        yield "Dates: none asked for; --date names their column."
        return
    dates = sorted(row.date for file in files for row in file.rows if row.date)
    without = sum(row.date is None for file in files for row in file.rows)
    span = f"from {dates[0]} to {dates[-1]}" if dates else "none"
    yield f"Dates: {span}; {without:,} rows have none."


def _doubles(files: Sequence[File]) -> Iterator[str]:
    rows = [row for file in files for row in file.rows]
    exactly = len(rows) - len({row.text.strip() for row in rows})
    groups = groups_of([row.text for row in rows]).tolist()
    nearly = max(len(rows) - len(set(groups)) - exactly, 0)
    labels = defaultdict[int, set[frozenset[str]]](set)
    for group, row in zip(groups, rows, strict=True):
        labels[group].add(row.labels)
    sizes = Counter(groups)
    torn = sum(sizes[group] for group, given in labels.items() if len(given) > 1)
    yield (
        f"Texts that stand twice: {exactly:,} exactly, {nearly:,} nearly; {torn:,} rows are among "
        "such as have different labels."
    )
