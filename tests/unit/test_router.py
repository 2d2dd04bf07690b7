from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import ConfigurationError
from services.messages.decision import Alternative, Classification, Model, Route
from services.messages.inquiry import Inquiry
from services.model.manifest import Limits
from services.router.decide import Decider
from services.router.limits import limits_of
from services.router.phrases import PhraseBook, words_of
from services.router.settings import ROUTES
from services.router.table import check_flags, check_labels, flags_without_rule, load_table

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MODEL = Model("m", "1")
FLAGS = {"danger": 0.4, "discrimination": 0.9, "unruled": 0.5}
TABLE = """
version = "7"
review_topic = "review"
min_margin = 0.2
min_in_remit = 0.5

[departments.tax]
name = "Tax"
topic = "d.tax"
threshold = 0.6

[departments.roads]
name = "Roads"
topic = "d.roads"

[departments.parks]
name = "Parks"
topic = "d.parks"

[[rules]]
id = "hardship"
reason = "No time to lose."
priority = "high"
phrases = ["no food"]

[[rules]]
id = "danger"
reason = "Somebody may be in danger."
send_to = "review"
priority = "high"
phrases = ["can't go on", "wish I was dead"]

[[rules]]
id = "racism"
reason = "A person hears this."
send_to = "review"
phrases = ["racist"]

[[rules]]
id = "welsh"
reason = "A person who speaks it reads this."
send_to = "review"
languages = ["cy"]
phrases = ["mae", "yn", "rŵan"]
at_least = 2

[[rules]]
id = "flagged-danger"
reason = "Somebody may be in danger, whatever the words."
send_to = "review"
priority = "high"
flag = "danger"

[[rules]]
id = "flagged-discrimination"
reason = "A person hears this."
send_to = "review"
flag = "discrimination"
flag_threshold = 0.3
"""


def written(folder: Path, text: str = TABLE) -> Path:
    path = folder / "routes.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def decider(tmp_path: Path) -> Decider:
    table = load_table(written(tmp_path))
    promised = Limits({"tax": 0.99, "roads": 0.8, "parks": None}, in_remit=0.9, flags=FLAGS)
    return Decider(table, {MODEL: limits_of(table, promised)})


def decide(
    decider: Decider,
    text: str = "How do I pay?",
    *,
    department: str = "tax",
    probability: float = 0.9,
    runner_up: float = 0.05,
    in_remit: float = 0.9,
    language: str | None = None,
    subject: str | None = None,
    model: Model = MODEL,
    **flags: float,
) -> Route:
    classification = Classification(
        model=model,
        department=department,
        probability=probability,
        alternatives=(Alternative("other", runner_up),),
        in_remit=in_remit,
        classified_at=NOW,
        flags=flags,
    )
    inquiry = Inquiry(id="1", text=text, language=language, subject=subject)
    return decider.decide(inquiry, classification, NOW)


def test_a_sure_answer_goes_straight_to_its_department(decider: Decider) -> None:
    """An answer over its threshold, in remit and far from the runner-up needs no person."""
    route = decide(decider)
    assert route == Route(
        topic="d.tax", reason="confident", priority="normal", table="7", routed_at=NOW
    )


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({"probability": 0.59}, "low-confidence"),
        ({"probability": 0.65, "runner_up": 0.46}, "ambiguous"),
        ({"in_remit": 0.49}, "out-of-remit"),
        ({"department": "roads", "probability": 0.79, "runner_up": 0.0}, "low-confidence"),
        ({"department": "parks", "probability": 1.0}, "low-confidence"),
        ({"department": "unheard-of", "probability": 1.0}, "low-confidence"),
    ],
)
def test_what_the_machine_doubts_goes_to_a_person(
    decider: Decider, case: dict[str, float], reason: str
) -> None:
    """Each kind of doubt sends an inquiry to review and says which kind it was."""
    route = decide(decider, **case)  # type: ignore[arg-type]
    assert (route.topic, route.reason) == ("review", reason)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({"probability": 0.6}, "confident"),
        ({"department": "roads", "probability": 0.8}, "confident"),
        ({"in_remit": 0.5}, "confident"),
        ({"probability": 0.8, "runner_up": 0.6 - 1e-9}, "confident"),
    ],
)
def test_a_limit_itself_is_good_enough(
    decider: Decider, case: dict[str, float], reason: str
) -> None:
    """Thresholds are the least that suffices; the table's own counts before the model's."""
    assert decide(decider, **case).reason == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "I can't go on",
        "i CAN’T GO ON!!!",
        "i cant go on",
        "I can\u02bct, I can`t go on",
        "I can\u00b4t go on",
        "I can?t go on",
        "I can\ufffdt go on",
        "I can\u0092t go on",
        "I canâ€™t go on",
        "I can&rsquo;t&nbsp;go on",
        "I <b>can</b>'t go<br>on",
        "I can=E2=80=99t go =\non",
        "I ca\u00adn't g\u200bo on",
        "\uff29 \uff43\uff41\uff4e\uff07\uff54 \uff47\uff4f \uff4f\uff4e",
        "Since March I can't go\non, and nobody answers.",
        "wish   I was dead.",
    ],
)
def test_somebody_in_danger_reaches_a_person_with_priority(decider: Decider, text: str) -> None:
    """Capitals, apostrophes of every kind or none, punctuation and codes hide no urgent phrase."""
    route = decide(decider, text)
    assert (route.topic, route.reason, route.rule) == ("review", "rule", "danger")
    assert route.priority == "high"


@pytest.mark.parametrize("text", ["the canteen can go on", "goon", "deadline", "a wish I was sent"])
def test_a_phrase_is_whole_words(decider: Decider, text: str) -> None:
    """A phrase inside a longer word, or in pieces, does not fire its rule."""
    assert decide(decider, text).rule is None


def test_a_subject_is_read_by_the_rules_too(decider: Decider) -> None:
    """An urgent phrase in the subject line counts like one in the text."""
    assert decide(decider, "see subject", subject="I wish I was dead").rule == "danger"


def test_a_rule_can_raise_priority_alone(decider: Decider) -> None:
    """A rule without send_to leaves the destination to the model, and raises the priority."""
    route = decide(decider, "There is no food in the house")
    assert (route.topic, route.reason, route.rule) == ("d.tax", "confident", "hardship")
    assert route.priority == "high"


def test_of_several_rules_the_one_that_sends_to_review_is_named(decider: Decider) -> None:
    """Where rules differ, the careful one wins, and the priority is the highest of them."""
    route = decide(decider, "No food, and the landlord is racist")
    assert (route.topic, route.rule, route.priority) == ("review", "racism", "high")


WELSH = "cy CY cy-GB cy_GB.UTF-8 cym wel WEL-gb Welsh WELSH Cymraeg Gymraeg [cy] Welsh/English"


@pytest.mark.parametrize(
    "language",
    [
        *WELSH.split(),
        " welsh (UK)",
        "cy;q=0.9, en",
        "English/Welsh",
        "en-cy",
        "British (Welsh)",
        "language: cy",
        "EN, CY",
    ],
)
def test_an_inquiry_in_welsh_reaches_a_person(decider: Decider, language: str) -> None:
    """A tag, a code of three letters and a name fire the rule for that language."""
    assert decide(decider, "Bore da", language=language).rule == "welsh"


@pytest.mark.parametrize(
    "language", ["en", "eng", "English", "und", "unknown", "", "-", "x", "el-CY", "en_CY"]
)
def test_another_language_is_not_welsh(decider: Decider, language: str) -> None:
    """Neither another language nor a tag that names none fires the rule."""
    assert decide(decider, "Bore da", language=language).rule is None


@pytest.mark.parametrize("language", ["und", "unknown", "n/a", "zxx", "-"])
def test_where_no_language_is_named_the_text_is_asked(decider: Decider, language: str) -> None:
    """A tag that stands for no language leaves it to the text, as no tag does."""
    text = "Sut ydw i’n talu treth y car?"
    assert decide(decider, text, language=language).rule == "welsh"


@pytest.mark.parametrize("language", ["Welsh", "cym", "cy-GB"])
def test_a_table_names_a_language_as_an_inquiry_does(tmp_path: Path, language: str) -> None:
    """A rule for `Welsh` is one for `cy`."""
    table = load_table(written(tmp_path, TABLE.replace('["cy"]', f'["{language}"]')))
    assert [rule.languages for rule in table.rules if rule.languages] == [("cy",)]


@pytest.mark.parametrize("language", ["en/tr", "Turkish", "TR", "en-GB", "und", None])
def test_a_rule_for_any_language_finds_its_texts(tmp_path: Path, language: str | None) -> None:
    """What a rule names is found in the text, whatever the sender calls it; Welsh is not, there."""
    table = load_table(written(tmp_path, TABLE.replace('["cy"]', '["tr"]')))
    ours = Decider(table, {})
    text = "Randevum iptal edildi ama bana kimse haber vermedi, çok üzgünüm"
    assert decide(ours, text, language=language).rule == "welsh"
    text = "Hoffwn wneud cais am drwydded yrru newydd"
    assert decide(ours, text, language="cy").rule is None


@pytest.mark.parametrize("language", ["es-AR", "el-CY", "zh_TW"])
def test_a_country_is_no_language(tmp_path: Path, language: str) -> None:
    """`AR` after a language is Argentina, and not Arabic."""
    table = load_table(written(tmp_path, TABLE.replace('["cy"]', '["ar", "cy", "tw"]')))
    assert decide(Decider(table, {}), "?", language=language).rule is None


def test_welsh_is_recognised_without_a_tag(decider: Decider) -> None:
    """Several different tell-tale words fire a rule; one of them, however often, does not."""
    assert decide(decider, "Mae hi'n bwrw RWAN", language="en").rule == "welsh"
    assert decide(decider, "Mae, Mae and Mae West").rule is None


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        ({"danger": 0.4}, "flagged-danger"),
        ({"danger": 1.0}, "flagged-danger"),
        ({"danger": 0.399999}, None),
        ({"discrimination": 0.3}, "flagged-discrimination"),
        ({"discrimination": 0.299999}, None),
        ({"danger": 0.4, "discrimination": 0.3}, "flagged-danger"),
        ({"unruled": 1.0, "unheard_of": 1.0}, None),
        ({}, None),
    ],
)
def test_a_flag_fires_its_rule_from_its_limit_on(
    decider: Decider, flags: dict[str, float], rule: str | None
) -> None:
    """A rule with a flag fires at the model's limit, or its own, and above; and not below."""
    route = decide(decider, **flags)  # type: ignore[arg-type]
    assert route.rule == rule
    assert route.topic == ("review" if rule else "d.tax")
    assert route.priority == ("high" if rule == "flagged-danger" else "normal")


def test_a_limit_of_zero_is_a_limit(tmp_path: Path) -> None:
    """A rule may ask for a flag of any probability, which sends all there is to a person."""
    at_zero = TABLE.replace("flag_threshold = 0.3", "flag_threshold = 0")
    table = load_table(written(tmp_path, at_zero))
    decider = Decider(table, {MODEL: limits_of(table, Limits({}, in_remit=0.5, flags=FLAGS))})
    assert decide(decider, discrimination=0.0).rule == "flagged-discrimination"
    assert decide(decider).rule is None


def test_an_unknown_model_raises_no_flags(decider: Decider) -> None:
    """Without a model's limits no flag of it counts: a person sees it for that reason alone."""
    route = decide(decider, model=Model("m", "of-tomorrow"), danger=1.0)
    assert (route.topic, route.reason, route.rule) == ("review", "unknown-model", None)


def test_a_flag_that_no_model_raises_is_named(tmp_path: Path) -> None:
    """A rule that waits for a flag which no model has is refused in one sentence."""
    table = load_table(written(tmp_path))
    with pytest.raises(ConfigurationError, match=r"flagged-discrimination .* no model") as caught:
        check_flags(table, {"danger"})
    assert "they raise danger" in str(caught.value)
    assert "\n" not in str(caught.value)
    check_flags(table, FLAGS)


def test_an_apostrophe_is_no_part_of_a_word() -> None:
    """With an apostrophe, another sign for one or none, a word is the same single word."""
    for written in (
        "can't",
        "cant",
        "CAN’T",
        "can‘t",
        "can`t",
        "can\u00b4t",
        "can\u02bct",
        "can?t",
    ):
        assert words_of(written) == ["cant"]
    assert words_of("'I'm' isn’t … ŵ'n?") == ["im", "isnt", "wn"]
    assert words_of("can?to") == ["can", "to"]


@given(st.text(st.characters(max_codepoint=127) | st.sampled_from("\u00a0£–—‘’“”•…€")))
def test_words_are_the_same_whichever_way_they_are_cut(text: str) -> None:
    """The short way, for ASCII and typographic signs, finds the words that the long way finds."""
    assert words_of(text) == words_of(text + " ŵ")[:-1]


def test_a_long_text_takes_time_that_grows_with_it_alone() -> None:
    """A text made to be slow, one phrase begun over and over, costs no more than its words."""
    book = PhraseBook({"r": ["a " * 50 + f"b{number}" for number in range(20)]})
    assert book.find("a " * 10_000) == {}
    assert book.find("a " * 10_000 + "b7") == {"r": 1}


@pytest.mark.parametrize(
    "text",
    [
        "The flea beetle ate our oilseed rape, and the rape next door.",
        "My dog grooming business: may I groom a cat? A well groomed poodle, grooming parlours",
        "The cafe has no food hygiene rating on its door; there is no food hygiene rating online",
        "Bruised apples again, bruises on every one, the whole crate had bruises",
        "The red squirrel is in danger. Beats me why nobody cares.",
        "The bill really hit me this month. I fell on the pavement and hurt myself.",
        "The Home Office has got my passport; when I got my passport back it was torn",
        "Our modern slavery statement, our safeguarding policy, the most trafficked road in Kent",
        "Landlords abusing the system, a scheme being abused, no food or drink on the tram",
        "The minister is a stalking horse for the levy, and we beat the deadline by an hour.",
        "The bank hit me with a fee of £30, and the new charge hits small shops hardest.",
        "The builder said he would finish the job in May, but the bin lorry beat me to the kerb.",
        "My knee is hurting and it hurts him to walk far, so we both need a blue badge.",
        "Our bus service will be cut there in June, and the green ones are not coming back.",
        "Her husband holds a British passport, and her son takes her to the mosque on Fridays.",
        "Is unconscious bias training still compulsory for staff who sit on appointment panels?",
        "I do not live by the sea, and my father broke his hip on the steps of the town hall.",
        "We park on the street with a permit, outside our house every night of the week.",
        "Weeds choked the canal, the storm battered the pier and the benefit rules are abused.",
    ],
)
def test_the_shipped_rules_do_not_cry_wolf(text: str) -> None:
    """Crops, dogs, hygiene ratings and fruit are for a department, not for an urgent look."""
    rules = load_table(ROUTES).rules
    assert PhraseBook({rule.id: rule.phrases for rule in rules}).find(text) == {}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("I was raped in 2019", "danger-from-others"),
        ("they tried to rape me", "danger-from-others"),
        ("a victim of rape", "danger-from-others"),
        ("he hits me", "danger-from-others"),
        ("i am in danger", "danger-from-others"),
        ("hes got my passport", "danger-from-others"),
        ("my daughter was groomed online", "safeguarding-child"),
        ("a grooming gang", "safeguarding-child"),
        ("she has bruises all over", "safeguarding-child"),
        ("a safeguarding concern", "safeguarding-child"),
        ("mum is being abused", "safeguarding-adult"),
        ("we've no food", "hardship"),
        ("bailiffs came, we've nowhere to sleep tonight", "homeless-tonight"),
        ("does gen i unlle i gysgu heno", "homeless-tonight"),
        ("mae o'n fy nharo i", "danger-from-others"),
        ("he keeps her locked in", "danger-from-others"),
        ("her boyfriend shook the baby", "safeguarding-child"),
        ("her nephew emptied her account", "safeguarding-adult"),
        ("i cant go on", "danger-to-self"),
        ("dont want to live", "danger-to-self"),
        ("says he will kill himself", "danger-to-self"),
        ("rydw i eisiau lladd fy hun", "danger-to-self"),
        ("dwi methu cario mlaen fel hyn", "danger-to-self"),
        ("ddim isho bod yma rhagor", "danger-to-self"),
    ],
)
def test_the_shipped_rules_hear_danger(text: str, rule: str) -> None:
    """In the company that makes it urgent, a word is an alarm."""
    rules = load_table(ROUTES).rules
    assert rule in PhraseBook({each.id: each.phrases for each in rules}).find(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("min_margin = 0.2", "min_margin = 2"), "min_margin"),
        (('topic = "d.tax"', 'topic = "d tax"'), "topic"),
        (('topic = "d.tax"', 'topic = ".."'), "topic"),
        (('topic = "d.tax"', 'topic = "d.roads"'), "one topic, d.roads, for .*shared = true"),
        (('topic = "d.tax"', 'topic = "d_roads"'), "one topic, d_roads, for .*shared = true"),
        (('topic = "d.tax"', 'topic = "d.roads"\nshared = true'), "one topic"),
        (('topic = "d.tax"', 'topic = "review"\nshared = true'), "sends tax to the review topic"),
        (('name = "Tax"', ""), "name"),
        (('name = "Tax"', 'name = "Tax"\ntopics = "x"'), "topics"),
        (("threshold = 0.6", "threshold = -1"), "threshold"),
        (('id = "racism"', 'id = "danger"'), "more than one rule danger"),
        (('phrases = ["no food"]', ""), "hardship .* can never fire"),
        (('priority = "high"\nphrases = ["no food"]', 'phrases = ["no food"]'), "does nothing"),
        (('"no food"', '"?!"'), "a phrase without a word"),
        (("version", "version = ="), "not TOML"),
        (('send_to = "review"', 'send_to = "bin"'), "send_to|Invalid enum"),
        (('flag = "discrimination"\n', 'languages = ["fr"]\n'), "a flag_threshold and no flag"),
        (('languages = ["cy"]', 'languages = ["cy", "und"]'), "a language that names none"),
        (('flag = "danger"', 'flag = "discrimination"'), "several thresholds for the flag"),
        (("flag_threshold = 0.3", "flag_threshold = 3"), "flag_threshold"),
    ],
)
def test_a_wrong_table_is_refused_in_one_sentence(
    tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    """A mistake in the table stops the router at the start and names what is wrong."""
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        load_table(written(tmp_path, TABLE.replace(*change, 1)))
    assert "routes.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("language", [None, "en", "en-GB", "pl"])
def test_a_text_in_welsh_is_welsh_whatever_a_form_says(
    decider: Decider, language: str | None
) -> None:
    """A form that says `en` of all that is written into it hides no Welsh from who reads it."""
    text = "Hoffwn wneud cais am drwydded yrru newydd"
    assert decide(decider, text, language=language).rule == "welsh"
    assert decide(decider, "I want to apply for a new licence", language=language).rule is None


def test_what_is_said_to_be_welsh_is(decider: Decider) -> None:
    """An English text that its sender calls Welsh still reaches a person who reads both."""
    assert decide(decider, "I want to apply for a new licence", language="cy").rule == "welsh"


def test_flags_that_no_rule_waits_for_are_named(tmp_path: Path) -> None:
    """What the models raise and no rule obeys is told apart from what one does."""
    table = load_table(written(tmp_path))
    assert flags_without_rule(table, FLAGS) == ["unruled"]
    assert flags_without_rule(table, ["danger"]) == []


def test_departments_share_a_topic_where_each_says_so(tmp_path: Path) -> None:
    """Two departments with one inbox are no slip where both are marked as shared."""
    both = TABLE.replace('topic = "d.roads"', 'topic = "d.roads"\nshared = true')
    both = both.replace('topic = "d.tax"', 'topic = "d.roads"\nshared = true')
    assert load_table(written(tmp_path, both)).topics == {"review", "d.roads", "d.parks"}


def test_without_a_remit_of_its_own_the_table_takes_the_models(tmp_path: Path) -> None:
    """A table that leaves `min_in_remit` out leaves it to what the model's manifest promises."""
    table = load_table(written(tmp_path, TABLE.replace("min_in_remit = 0.5\n", "")))
    decider = Decider(table, {MODEL: limits_of(table, Limits({}, in_remit=0.7))})
    assert decide(decider, in_remit=0.69).reason == "out-of-remit"
    assert decide(decider, in_remit=0.7).reason == "confident"


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    """A routing table that is not there is named, with the setting to change."""
    with pytest.raises(ConfigurationError, match=r"none\.toml.*ROUTER_ROUTES"):
        load_table(tmp_path / "none.toml")


def test_a_department_without_a_route_is_named(tmp_path: Path) -> None:
    """A model's label without a route, and a route without a label, are errors that name it."""
    table = load_table(written(tmp_path))
    with pytest.raises(ConfigurationError, match="no department for the model's moon"):
        check_labels(table, ["tax", "roads", "parks", "moon"])
    with pytest.raises(ConfigurationError, match="does not know: parks"):
        check_labels(table, ["tax", "roads"])
    check_labels(table, ["parks", "tax", "roads"])
