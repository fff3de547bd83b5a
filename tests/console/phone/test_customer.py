"""One customer on a phone: whose, from six angles, why a value is so; tags given with a reason and taken back."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace

import pytest

from tests.console.phone.conftest import Enter, origin_of
from tierwise.app import answers, tags
from tierwise.app.context import Context
from tierwise.app.views import AttributeValue, Label
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.phone.customer import _attribute
from tierwise.console.phone.visit import PhoneVisit
from tierwise.console.shown import reason_text
from tierwise.console.texts import Texts


def test_from_six_angles_folded(enter: Enter) -> None:
    answer = enter("admin").get("/customer", params={"id": "C001"})
    assert answer.status_code == 200
    assert len(answer.content) < 60_000
    assert "<h1>李 &lt;b&gt;雷&lt;/b&gt;</h1>" in answer.text
    cards = re.findall(r'<(\w+) class="card" data-card="([\w-]+)"', answer.text)
    assert {"tags", "angle-state", "angle-value", "angle-orders", "angle-base", "timeline", "orders"} <= {
        name for _, name in cards
    }
    assert {kind for kind, name in cards if name.startswith("angle")} == {"details"}
    assert '<a class="button call-wide" href="tel:13900000001">' in answer.text
    assert " style=" not in answer.text


def test_another_advisors_customer_is_told_as_if_not_there(enter: Enter) -> None:
    for path in ("/customer", "/customer/why"):
        said = [enter("ann").get(path, params={"id": who, "of": "rfm_cell"}) for who in ("C001", "C999")]
        assert [answer.status_code for answer in said] == [404, 404]
        assert said[0].text.replace("C001", "C999") == said[1].text
        assert 'data-notice="refused"' in said[0].text


def test_each_value_leads_to_its_why(enter: Enter) -> None:
    client = enter("ann")
    html = client.get("/customer", params={"id": "C000"}).text
    links = re.findall(r'<a class="why" href="([^"]+)"', html)
    assert len(links) > 10
    some = (links[0], links[len(links) // 2], links[-1])
    wrong = [link for link in some if client.get(origin_of(client) + link.replace("&amp;", "&")).status_code != 200]
    assert not wrong
    told = client.get("/customer/why", params={"id": "C000", "of": "rfm_cell"}).text
    assert told.count("<li class=") > 3


@pytest.mark.parametrize("language", ["zh", "en"])
def test_in_both_languages(enter: Enter, language: str) -> None:
    texts = Texts(language)
    html = enter("ann", language).get("/customer", params={"id": "C000"}).text
    for key in ("angle_state", "angle_base", "tags", "give_tag", "timeline", "facts_orders"):
        assert texts(key) in html, key


def test_a_tag_is_given_with_a_reason_and_taken_back(enter: Enter, furnished: Context) -> None:
    client = enter("ann")
    asked = client.get("/customer/tag", params={"id": "C000"}).text
    assert '<option value="mood=good">' in asked
    given = {"id": "C000", "tag": "mood=good", "reason": "  "}
    refused = client.post("/customer/tag", data=given)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert '<option value="mood=good" selected>' in refused.text, "what was chosen is kept"
    done = client.post("/customer/tag", data=given | {"reason": "said <so>"})
    assert done.status_code == 303
    html = client.get(origin_of(client) + done.headers["location"]).text
    assert 'data-outcome="tag_given"' in html
    assert "said &lt;so&gt;" in html
    acts = [act for act in tags.customer_tags(furnished, "C000").acts if act.undone_at is None]
    assert [(act.tag, act.value, act.reason, act.rater) for act in acts] == [
        ("mood", "good", "said <so>", "person:ann")
    ]
    for reason, status in (("", 422), ("a mistake", 303)):
        back = client.post("/customer/tag/back", data={"id": "C000", "tag": "mood", "reason": reason})
        assert back.status_code == status
    assert all(act.undone_at for act in tags.customer_tags(furnished, "C000").acts)


def test_only_ones_own_tag_is_taken_back(enter: Enter, furnished: Context) -> None:
    tags.add_tag(furnished, "C000", "mood", "bad", reason="heard it")
    html = enter("ann").get("/customer", params={"id": "C000"}).text
    assert 'data-act="mood"' in html
    assert "/customer/tag/back" not in html
    back = enter("ann").post("/customer/tag/back", data={"id": "C000", "tag": "mood", "reason": "no"})
    assert back.status_code == 422
    tags.remove_tag(furnished, "C000", "mood", reason="end of the test")


def test_forms_of_other_pages_change_nothing(enter: Enter, furnished: Context) -> None:
    client = enter("ann")
    given = {"id": "C000", "tag": "mood=good", "reason": "said so"}
    before = len(tags.customer_tags(furnished, "C000").acts)
    assert client.post("/customer/tag", data=given, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/customer/tag", data=given | {"id": "C001"}).status_code == 404, "somebody else's"
    assert len(tags.customer_tags(furnished, "C000").acts) == before
    assert not tags.customer_tags(furnished, "C001").acts


def test_what_has_no_value_says_why_and_windows_stand_under_the_whole() -> None:
    visit = PhoneVisit(SimpleNamespace(), Texts("en"), "/customer", {})  # type: ignore[arg-type]
    words = Vocabulary(1, date(2026, 6, 30), "CNY", {})
    nothing = AttributeValue("rfm_cell", Label("RFM 分组", "RFM cell"), None, "", "no_orders")
    line = _attribute(visit, "C 1", nothing, {}, words)
    assert (line.text, line.why) == ("–", "/console/m/customer/why?id=C+1&of=rfm_cell")
    assert line.under == Texts("en")("no_value_because", reason=reason_text("no_orders", Texts("en")))
    whole = AttributeValue("visit_count", Label("到店", "Visits"), 7, "visits", None)
    month = AttributeValue("visit_count_30d", Label("到店", "Visits"), 2, "visits", None)
    line = _attribute(visit, "C1", whole, {30: month}, words)
    assert (line.text, line.under) == ("7 visits", "last 30 days 2")


def test_an_answer_is_tapped_and_taken_back_with_a_reason(enter: Enter, furnished: Context) -> None:
    client = enter("ann")
    html = client.get("/customer", params={"id": "C002"}).text
    assert '<button name="value" value="firm">硬 &lt;b&gt;</button>' in html
    assert '<input id="said-moved_in" name="value" required maxlength="500" autocomplete="off" type="date">' in html
    given = {"id": "C002", "question": "mattress", "how": "call"}
    refused = client.post("/customer/answer", data=given | {"value": " "})
    assert refused.status_code == 422
    for value, outcome in (({"value": "firm"}, "answered"), ({"value": "x", "declined": "1"}, "declined")):
        done = client.post("/customer/answer", data=given | value)
        assert done.status_code == 303
        assert f'data-outcome="{outcome}"' in client.get(origin_of(client) + done.headers["location"]).text
    back = client.post("/customer/answer/back", data={"id": "C002", "question": "mattress", "reason": " "})
    assert back.status_code == 422
    for _ in range(2):
        done = client.post("/customer/answer/back", data={"id": "C002", "question": "mattress", "reason": "<mistaken>"})
        html = client.get(origin_of(client) + done.headers["location"]).text
        assert "&lt;mistaken&gt;" in html
    words = answers.customer_words(furnished, "C002").words
    assert [(word.outcome, word.value, word.how, word.author, word.standing) for word in words] == [
        ("declined", None, "call", "person:ann", "undone"),
        ("answered", "firm", "call", "person:ann", "undone"),
    ]
    assert enter("ann").post("/customer/answer", data=given | {"id": "C001", "value": "firm"}).status_code == 404
