"""How a phone comes in: a client with the session of a person, sending forms as a page of ours does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tierwise.api.serve import Served
from tierwise.app.context import Context
from tierwise.app.people import link

UA = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"

Enter = Callable[..., httpx.Client]


def origin_of(client: httpx.Client) -> str:
    """Where the server is, for addresses that a page holds."""
    return str(client.base_url).split("/console")[0]


@pytest.fixture(scope="module")
def enter(site: Served, furnished: Context) -> Iterator[Enter]:
    """`enter(person)`: their phone; `language` is what it accepts."""
    opened: dict[tuple[str, str], httpx.Client] = {}

    def phone(person: str, language: str = "zh") -> httpx.Client:
        if (person, language) not in opened:
            headers = {"origin": site.url, "user-agent": UA, "accept-language": language}
            client = httpx.Client(base_url=f"{site.url}/console/m", trust_env=False, headers=headers)
            opened_by = {"sec-fetch-mode": "navigate"}
            asked = {"link": link(furnished, person)}
            answer = client.get(f"{site.url}/console/sign-in", params=asked, headers=opened_by)
            assert answer.headers["location"] == "/console/m/"
            opened[person, language] = client
        return opened[person, language]

    yield phone
    for client in opened.values():
        client.close()
