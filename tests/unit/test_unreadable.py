from pathlib import Path

from services.local.examples import key_of, numbered_lines
from services.local.load.command import plan_load
from services.local.unreadable import unreadable
from tests.records import an_inquiry

TEXT = "my neighbour Blodwen"


def test_lines_that_are_no_inquiries_are_named_by_cause(tmp_path: Path) -> None:
    """Each cause is named with the numbers of its lines in the file, and no word of them."""
    file = tmp_path / "history.csv"
    rows = [b"id,text", b"", *[b"%d,%b" % (n, TEXT.encode()) for n in range(298)]]
    rows += [an_inquiry(), b'{"id": "1"}', an_inquiry(text="")]
    file.write_bytes(b"\n".join(rows))
    total, *causes = unreadable(numbered_lines(file))
    assert total == "301 of 302 lines are no inquiries, and will be rejected:"
    assert causes[0].startswith("  lines 1, 3, 4, 5, 6 and 294 more: not-json: ")
    assert causes[-1] == "  line 303: empty-text: the text is empty"
    assert "Blodwen" not in "".join(causes)


def test_a_load_says_which_lines_are_no_inquiries(tmp_path: Path) -> None:
    """What will not come back is named before it is sent; the examples are bad on purpose."""
    file = tmp_path / "history.csv"
    file.write_bytes(b"id,text\n\n1,%b\n" % TEXT.encode() + an_inquiry())
    load = plan_load(file, rate=9, seconds=9, bursty=False, seed=0)
    assert load.remarks[0] == "2 of 3 lines are no inquiries, and will be rejected:"
    assert load.remarks[1].startswith("  lines 1, 3: not-json: ")
    assert not plan_load(None, rate=9, seconds=9, bursty=False, seed=0).remarks


def test_a_file_of_inquiries_is_not_spoken_of() -> None:
    """Where every line is an inquiry there is nothing to say, a mark before the first included."""
    marked = b"\xef\xbb\xbf" + an_inquiry(reference="case-7")
    assert list(unreadable([(1, marked), (2, an_inquiry())])) == []
    assert key_of(marked) == b"case-7"
