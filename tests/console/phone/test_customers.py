"""The list of one's customers on a phone: whose it is, how it is narrowed, what the answer holds and what not."""

from __future__ import annotations

import re

import pytest

from tests.console.phone.conftest import Enter, origin_of
from tierwise.console.phone.customers import dialled
from tierwise.console.texts import Texts


def found(html: str) -> int:
    return int(re.search(r'data-found="(\d+)"', html).group(1))  # type: ignore[union-attr]


def names(html: str) -> list[str]:
    return re.findall(r'<a class="person" href="[^"]*"><b>(.*?)</b>', html)


def test_an_advisor_has_their_own_and_nobody_elses(enter: Enter) -> None:
    html = enter("ann").get("/customers").text
    assert found(html) == 2
    assert sorted(names(html)) == ["王小明", "韩梅梅"]
    assert Texts("zh")("phone_my_customers") in html
    assert found(enter("olga").get("/customers").text) == 2, "those of one store"


def test_a_reader_has_no_pages_for_phones(enter: Enter) -> None:
    client = enter("rita")
    assert client.get("/").headers["location"] == "/console/"
    answer = client.get("/customers")
    assert answer.status_code == 403
    assert 'data-notice="refused"' in answer.text


def test_data_is_shown_as_it_is(enter: Enter) -> None:
    html = enter("olga").get("/customers", params={"q": "雷"}).text
    assert names(html) == ["李 &lt;b&gt;雷&lt;/b&gt;"]
    asked = '"><script>alert(1)</script>'
    html = enter("olga").get("/customers", params={"q": asked, "lifecycle_stage": asked, "order": asked}).text
    assert "<script" not in html
    assert "&#34;&gt;&lt;script&gt;" in html


def test_the_answer_is_small_and_may_load_nothing_but_its_sheet(enter: Enter) -> None:
    answer = enter("admin").get("/customers")
    assert len(answer.content) < 60_000
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text, "the policy forbids styles in the page"
    assert answer.headers["cache-control"] == "no-store"
    sheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', answer.text)
    assert sheet is not None
    answer = enter("admin").get(origin_of(enter("admin")) + sheet.group(1))
    assert answer.headers["content-type"].startswith("text/css")
    assert "max-age" in answer.headers["cache-control"]
    classes = set(re.findall(r"\.(c-[0-9a-f]{6})", answer.text))
    html = enter("admin").get("/customers").text
    assert set(re.findall(r'class="dot (c-\w+)"', html)) <= classes


@pytest.mark.parametrize(("number", "dials"), [
    ("+86 137-0000-0002", "+8613700000002"), ("138 0000 0000", "13800000000"), ("", ""), (None, ""), ("无", ""),
])  # fmt: skip
def test_a_number_as_a_phone_dials_it(number: str | None, dials: str) -> None:
    assert dialled(number) == dials


def test_who_has_a_number_is_called_by_a_tap(enter: Enter) -> None:
    html = enter("ann").get("/customers").text
    assert 'href="tel:+8613700000002"' in html
    assert html.count('href="tel:') == 2
    assert 'href="tel:' not in enter("admin").get("/customers", params={"q": "欧阳锋"}).text


def test_found_by_what_an_advisor_has_at_hand(enter: Enter) -> None:
    for text, name in (("0002", "韩梅梅"), ("沪A12345", "韩梅梅"), ("小明", "王小明"), ("c000", "王小明")):
        assert names(enter("ann").get("/customers", params={"q": text}).text) == [name]
    html = enter("ann").get("/customers", params={"q": "雷"}).text
    assert 'data-notice="none"' in html, "somebody else's"


def test_narrowed_by_a_tap_to_as_many_as_it_says(enter: Enter) -> None:
    client = enter("admin")
    html = client.get("/customers").text
    chips = re.search(r'<nav class="choices".*?</nav>', html, re.DOTALL)
    assert chips is not None
    links = re.findall(r'href="([^"]+)"[^>]*>.*?<b>([\d,]+)</b>', chips.group())
    assert len(links) > 2
    for link, count in links:
        page = client.get(origin_of(client) + link).text
        assert found(page) == int(count.replace(",", ""))
        assert 'aria-current="true"' in page


def test_several_tiers_at_once_and_an_order(enter: Enter) -> None:
    client = enter("admin")
    every = client.get("/customers").text
    cells = re.findall(r'<option value="(\d{3})">[^<]* \(([\d,]+)\)</option>', every)
    assert cells
    cell, count = cells[0]
    html = client.get("/customers", params={"rfm_cell": cell, "order": "monetary_amount"}).text
    assert found(html) == int(count.replace(",", ""))
    amounts = [float(each.replace(",", "")) for each in re.findall(r"<small>[^<]*?([\d,]+\.\d\d) 元</small>", html)]
    assert len(amounts) == min(20, found(html))
    assert amounts == sorted(amounts, reverse=True)
    stage = re.search(r"lifecycle_stage=(\w+)", html)
    assert stage is not None
    both = client.get("/customers", params={"rfm_cell": cell, "lifecycle_stage": stage.group(1)}).text
    assert found(both) <= found(html)


def test_twenty_a_page_and_nobody_twice(enter: Enter) -> None:
    client = enter("admin")
    of = found(client.get("/customers").text)
    seen = [name for start in range(0, of, 20) for name in names(client.get("/customers", params={"from": start}).text)]
    assert len(seen) == of
    assert len(set(seen)) == of
    html = client.get("/customers", params={"from": "20"}).text
    assert 'rel="prev"' in html
    assert 'rel="next"' in html
    assert 'rel="prev"' not in client.get("/customers", params={"from": "much"}).text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_in_both_languages(enter: Enter, language: str) -> None:
    texts = Texts(language)
    html = enter("ann", language).get("/customers").text
    assert f'<html lang="{texts("html_language")}">' in html
    for key in ("phone_my_customers", "phone_narrow", "phone_call", "sign_out", "search_customers"):
        assert texts(key) in html, key
    other = "en" if language == "zh" else "zh"
    assert Texts(other)("phone_my_customers") in enter("ann", language).get("/customers", params={"lang": other}).text
