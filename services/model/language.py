"""Tells Welsh from English by the words that hold sentences together."""

import re

from services.model.patterns import word_set

_word = re.compile(r"[^\W\d_]+").findall
# Most texts are English, which a count of five letters tells: Welsh has three times as many y and
# w, and a third of the t and s.
_SHARE = 0.55
# Whoever writes more than this has said which language it is in.
_READ = 2000
_FEWEST_WORDS, _FEWEST_SURE = 6, 2

_SMALL_WORDS = word_set(
    "yn yng ym mae maen wedi fydd bydd byddai byddaf byddwch oedd roedd oeddwn roeddwn rwyf",
    "rwy rydw rydwi dwi ydw ydy ydi ydych ydyn rydych rydym rydyn dydw dydi dydy dyw nid nad",
    "ddim eich ein fy fyn fi chi nhw hwn hon hyn hynny honno hwnnw sydd sy oes heb ond hefyd",
    "achos oherwydd felly neu nac gan gyda efo wrth dros drwy trwy rhwng hyd ers tua erbyn",
    "gallaf gallwch allwch allaf alla gallai medra fedra fedrwch hoffwn hoffem hoffai licio",
    "yw ynghylch ynglŷn ynglyn ysgrifennaf eisiau isio isho ishe moyn angen rhaid gwybod",
    "gwbod wybod gwneud neud wneud cael gael cal mynd fynd dod ddod bod fod dweud deud gweud",
    "dwedodd dywedodd ddwedodd gofyn ofyn aros disgwyl helpu ffonio ysgrifennu sgwennu talu",
    "dalu byw weithio gweithio deall ateb anfon annwyl diolch helo shwmae bore prynhawn",
    "heddiw ddoe yfory fory rwan rŵan nawr eto bellach wythnos wythnosau mis misoedd blwyddyn",
    "flwyddyn blynyddoedd dydd diwrnod amser pam pryd sut ble pwy pa faint beth lle rhywun",
    "unrhyw rhywbeth popeth dim neb pob bob llawer iawn rhy mwy gormod digon dau dwy tri tair",
    "pedwar pump chwech saith wyth naw deg plant mab merch gwr gŵr gwraig mam tad nain taid",
    "teulu cartref ty tŷ gwaith arian pres ysgol ysbyty meddyg swyddfa cyngor llywodraeth",
    "ffurflen llythyr cais budd dal taliad trwydded cymraeg gymraeg nghymraeg saesneg cymru",
    "gymru nghymru fawr mawr da dda newydd hen ol ôl na nes tan cyn cafodd cefais ces gefais",
    "aeth es daeth wnaeth wnes gwnes nath ddaru dylwn ddylai dylai dylid plis gwelwch cofion",
    "gywir yno yma fan hwnna rheini rheiny nhad odd oddo oeddent oeddech buasai baswn byswn",
    "fyddai fyddaf fyddwn fyddan bod fydda sgen sgenai sgin gennyf gynnon genni gennych",
    "ganddo ganddi ganddynt gynta cyntaf arall eraill",
)
# English ones that are among them, and what names and greetings are made of: they count, but
# decide nothing.
_ALSO_ENGLISH = word_set(
    "beth pam plant hen da dda tan lle ty tŷ mam tad na nes sut es dim pa mis fan naw deg mab",
    "ol bore dal fi chi cal tri dod hon cyn neu ein byw budd nhw merch nain taid cyngor pres",
    "odd sy cymru gymru nghymru cymraeg gymraeg nghymraeg saesneg yma yno hyd fawr mawr",
    "newydd ysbyty ysgol meddyg swyddfa cartref gwaith arian diolch annwyl prynhawn helo",
    "shwmae dydd iawn llywodraeth teulu dros trwy heddiw cofion bod pob",
)
# Words that no English sentence has.
_SURE = _SMALL_WORDS - _ALSO_ENGLISH
_WELSH = _SMALL_WORDS | word_set(
    "y yr a o i ar am r n ei eu u w th m ac os at mewn ni ti be ma",
)
_ENGLISH = word_set(
    "the to and of is my in it for that have has had was with this you be not are but from we",
    "they she he his him an if so will would which when what how do does did been were your",
    "our their there here just now about after before because could should than then them",
    "these those who why where by or me us up out into over only very please help need want",
    "get got know told said says any all more some been being its thank thanks dear sir don",
    "doesn didn isn ve ll re one two cant dont im ive hi hello",
)
# Endings of Welsh words that are no names, for what is written like a telegram.
_shaped = re.compile(r"\b[a-zâêîôûŵŷ]+(?:aeth|iad|wyd|odd|iau|wch|aidd|ŵr|ŷr)\b").findall


def is_welsh(text: str) -> bool:
    """Say whether a text is in Welsh: whether more of its small words are Welsh than English.

    Names of people and places do not make it so, nor do words that are English too. It takes six
    words; what is shorter is not said to be Welsh.
    """
    if text.isupper():
        text = text.lower()
    count = text.count
    if count("y") + count("w") <= _SHARE * (count("t") + count("s")):
        return False
    words = _word(text[:_READ].lower())
    if len(words) < _FEWEST_WORDS:
        return False
    if _SURE.isdisjoint(words):
        return False
    sure = sum(map(_SURE.__contains__, words))
    welsh = sum(map(_WELSH.__contains__, words))
    english = sum(map(_ENGLISH.__contains__, words))
    if not english:
        sure += len(_shaped(text))
    return sure >= _FEWEST_SURE and welsh > english
