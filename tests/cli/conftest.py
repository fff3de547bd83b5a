"""A home of one's own with a small shop, and commands run in this process as the terminal would."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tierwise.cli.door import guarded
from tierwise.cli.main import app
from tierwise.state.embedded import EmbeddedServer

ORDERS = """\
订单号,会员编号,下单时间,门店,金额
1,a,2026-06-01 10:00:00,S1,100.00
2,a,2026-06-20 10:00:00,S1,50.00
3,b,2026-03-01 09:00:00,S2,300.00
4,,2026-06-10 12:00:00,S1,40.00
5,c,2026-05-05,S2,20.00
6,d,2026-06-29 23:59:59,S2,1000.00
7,d,not a day,S2,10.00
"""


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout, which must be one JSON object."""
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PostgreSQL's folder of a home in which nothing was done yet, its server stopped: making one takes a second."""
    home = tmp_path_factory.mktemp("cluster") / "home"
    home.mkdir(mode=0o700)
    server = EmbeddedServer(home)
    server.ensure()
    server.stop()
    return server.folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, cluster: Path) -> Iterator[Path]:
    """An empty home whose server is stopped afterwards."""
    home = tmp_path_factory.mktemp("cli") / "home 家"
    home.mkdir(mode=0o700)
    shutil.copytree(cluster, home / "postgres")
    yield home
    EmbeddedServer(home).stop()


@pytest.fixture
def tierwise(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`tierwise("show", "rfm", "--json")` as on the command line."""

    def run(*words: str | Path, settings: dict[str, str] | None = None) -> Said:
        monkeypatch.setenv("TIERWISE_HOME", str(home))
        monkeypatch.delenv("TIERWISE_DATABASE_URL", raising=False)
        for name, value in (settings or {}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["tierwise", *map(str, words)])
        capsys.readouterr()
        try:
            guarded(app)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "订单.csv"
    path.write_text(ORDERS, "utf-8")
    return path
