"""What mail systems put under, above and around a text: each function makes one usual mail of it.

No word that is added asks for anything; the words that somebody wrote are those of the text.
"""

import base64
import html
import quopri
import random
from collections.abc import Callable

QUOTED = (
    "Dear Ms Aldous,\nThank you for your letter to the Department for Transport about the potholes "
    "on the A149 and the bus that no longer stops at the railway station. The Driver and Vehicle "
    "Licensing Agency will answer your question on the driving licence. National Highways repairs "
    "the motorway at night.\nYours sincerely,\nRoad Maintenance Unit"
)
HEADER = (
    "From: Correspondence Unit <enquiries@example.org>\nSent: 03 November 2026 10:12\n"
    "To: J. Aldous <j.aldous@example.com>\nSubject: RE: Potholes and the bus to the station"
)
NOTICE = (
    "This email and any files transmitted with it are confidential and intended solely for the use "
    "of the individual or entity to whom they are addressed. If you have received this email in "
    "error please notify the system manager and delete it. Any views or opinions are solely those "
    "of the author. The company accepts no liability for any damage caused by a virus."
)
SIGNATURE = (
    "Kind regards,\n\nJane Aldous BA (Hons)\nSenior Transport Planner | Highways and Parking\n"
    "Norwich Road Traffic Consultants Ltd\nT: 020 7946 0123 | M: 07700 900123\n"
    "jane.aldous@example.com | www.example.com/driving-licence"
)
WELSH_NOTICE = (
    "Mae'r e-bost hwn ac unrhyw atodiadau yn gyfrinachol ac wedi'u bwriadu ar gyfer y sawl y'i "
    "cyfeiriwyd atynt yn unig. Os ydych wedi derbyn yr e-bost hwn trwy gamgymeriad, rhowch wybod "
    "i'r anfonwr a'i ddileu. Croesewir gohebiaeth yn Gymraeg."
)
HELPLINES = (
    "If you are feeling suicidal or want to die, you are not alone: call Samaritans free on "
    "116 123. If someone is threatening to kill you, call 999."
)


def quoted_below(text: str) -> str:
    """Put an older mail under a text as most programs do, each line after a `>`."""
    older = "\n".join(f"> {line}" for line in QUOTED.split("\n"))
    wrote = "On Tue, 3 Nov 2026 at 10:12, Road Maintenance <a@example.org> wrote:"
    return f"{text}\n\n{wrote}\n>\n{older}"


def quoted_above(text: str) -> str:
    """Put an older mail above a text, for who answers below."""
    older = "\n".join(f"> {line}" for line in QUOTED.split("\n"))
    return f"On 03/11/2026 10:12, Road Maintenance wrote:\n{older}\n\n{text}"


def outlook_below(text: str) -> str:
    """Put an older mail under a text as Outlook does, its header and then its text."""
    return f"{text}\n\n________________________________\n{HEADER}\n\n{QUOTED}"


def original_message_below(text: str) -> str:
    """Put an older mail under a text after the line of dashes of older programs."""
    return f"{text}\r\n\r\n-----Original Message-----\r\n{HEADER}\r\n\r\n{QUOTED}"


def welsh_below(text: str) -> str:
    """Put an older mail under a text as a program does whose language is Welsh."""
    header = HEADER.replace("From", "Oddi wrth").replace("Sent", "Anfonwyd")
    header = header.replace("To:", "At:").replace("Subject", "Pwnc")
    return f"{text}\n\n{header}\n\n{QUOTED}"


def forwarded(text: str) -> str:
    """Forward a text without a word of one's own."""
    return (
        "---------- Forwarded message ---------\nFrom: J. Aldous <j.aldous@example.com>\n"
        "Date: Tue, 3 Nov 2026 at 10:12\nSubject: Fwd: Potholes and the bus\n"
        f"To: Correspondence Unit <enquiries@example.org>\n\n\n{text}"
    )


def with_notice(text: str) -> str:
    """Put a confidentiality notice of sixty words under a text."""
    return f"{text}\n\n{NOTICE}"


def with_welsh_notice(text: str) -> str:
    """Put a notice in Welsh under a text."""
    return f"{text}\n\n{WELSH_NOTICE}"


def with_warning(text: str) -> str:
    """Put above a text what gateways put there."""
    return (
        "CAUTION: This email originated from outside of the organisation. Do not click links or "
        f"open attachments unless you recognise the sender.\n\n{text}"
    )


def with_signature(text: str) -> str:
    """Put a signature under a text that is full of words of a department."""
    return f"{text}\n\n{SIGNATURE}"


def with_dashed_signature(text: str) -> str:
    """Put a signature under a text after the two dashes of the standard."""
    return f"{text}\n\n-- \n{SIGNATURE.partition(',')[2].strip()}\n\n{NOTICE}"


def with_device(text: str) -> str:
    """Put under a text what telephones put there."""
    return f"{text}\n\nSent from my iPhone"


def with_helplines(text: str) -> str:
    """Put an older mail with the numbers of helplines under a text."""
    older = "\n".join(f"> {line}" for line in f"{QUOTED}\n\n{HELPLINES}".split("\n"))
    return f"{text}\n\nOn 3 Nov 2026, at 10:12, Care Line <a@example.org> wrote:\n\n{older}"


def with_address(text: str) -> str:
    """Put an address full of a department's words under a text."""
    return f"{text}\n\nhttps://www.example.org/driving-licence/motorway-potholes/railway-bus?id=7"


def as_html(text: str) -> str:
    """Write a text as a mail program writes HTML."""
    lines = (html.escape(line) for line in text.split("\n"))
    body = "".join(f'<p class="MsoNormal">{line or "&nbsp;"}<o:p></o:p></p>' for line in lines)
    body = body.replace("’", "&rsquo;").replace("£", "&pound;").replace(", ", ",&nbsp;")
    return (
        "<html><head><style>p.MsoNormal {margin: 0cm}</style></head>"
        f'<body lang="EN-GB"><div class="WordSection1">{body}</div></body></html>'
    )


def as_mojibake(text: str) -> str:
    """Read the UTF-8 of a text as Windows-1252, with Latin-1 where that has no character."""
    read = (bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())
    return "".join(read)


def as_quoted_printable(text: str) -> str:
    """Write a text as it travels in a mail."""
    return quopri.encodestring(text.encode()).decode()


def with_base64(text: str) -> str:
    """Put forty lines of an attachment under a text."""
    data = base64.encodebytes(random.Random(4).randbytes(57 * 40)).decode()
    return (
        f"{text}\n\n--000000000000b1a5\nContent-Type: image/png; name=scan.png\n"
        f"Content-Transfer-Encoding: base64\n\n{data}--000000000000b1a5--"
    )


def signed(text: str) -> str:
    """Sign a text with PGP."""
    data = base64.encodebytes(random.Random(5).randbytes(57 * 6)).decode()
    return (
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}\n"
        "-----BEGIN PGP SIGNATURE-----\nVersion: GnuPG v2\nComment: https://gnupg.org\n\n"
        f"{data}=b1A5\n-----END PGP SIGNATURE-----"
    )


CHANGES: tuple[Callable[[str], str], ...] = (
    quoted_below,
    quoted_above,
    outlook_below,
    original_message_below,
    welsh_below,
    forwarded,
    with_notice,
    with_welsh_notice,
    with_warning,
    with_signature,
    with_dashed_signature,
    with_device,
    with_helplines,
    with_address,
    as_html,
    as_mojibake,
    as_quoted_printable,
    with_base64,
    signed,
)
