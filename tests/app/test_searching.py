"""Customers found by a vehicle or a company at which they have a role, too, and by one who may see them alone."""

from datetime import date
from pathlib import Path

import pytest

from tierwise.app import importing, running
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.searching import search

FILES = {
    "customers": "customer_id,name,advisor_id\nC1,王小明,E1\nC2,李雷,E1\nC3,韩梅梅,E2\n",
    "vehicles": "vin,customer_id,plate\nLSV00000000000001,C1,沪A·12345\n",
    "vehicle_people": "vin,customer_id,role\nLSV00000000000001,C2,driver\nLSV00000000000001,C3,pays\n",
    "companies": "company_id,company_name\nG1,远山物流\n",
    "company_people": "company_id,customer_id,role\nG1,C2,buyer\nG1,C3,pays\n",
}


@pytest.fixture
def fleet(empty: Context, tmp_path: Path) -> Context:
    for table, content in FILES.items():
        path = tmp_path / f"{table}.csv"
        path.write_text(content, "utf-8")
        importing.import_path(empty, path, table, None)
    running.run(empty, date(2026, 6, 30))
    return empty


def test_people_are_found_by_their_vehicle_and_their_company(fleet: Context) -> None:
    advisor = fleet.acting_as(Principal("person:ann", "advisor", (), "E1"))
    for text, who, by in (
        ("沪A12345", ["C1", "C2", "C3"], ("plate",)),
        ("lsv00000000000001", ["C1", "C2", "C3"], ("vin",)),
        ("远山", ["C2", "C3"], ("company",)),
        ("g1", ["C2", "C3"], ("company",)),
        ("没有这家公司", [], ()),
    ):
        found = search(fleet, text)
        assert ([row[0] for row in found.rows], found.by) == (who, by), text
        assert [row[0] for row in search(advisor, text).rows] == [each for each in who if each != "C3"], text
