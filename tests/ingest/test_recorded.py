"""What an import leaves in PostgreSQL beside the facts."""

from tests.ingest.conftest import Home
from tierwise.state import audit, quarantine

BAD = "order_id,customer_id,ordered_at,gross\n1,a,2026-06-01,5\n2,a,never,5\n"


def test_an_import_is_audited_with_its_counts_in_the_same_transaction(home: Home) -> None:
    report = home.take(BAD, "orders", name="bad.csv")
    with home.session.engine.connect() as connection:
        row = audit.list_rows(connection, action="import")[0]
    assert row.object == "bad.csv → orders"
    assert (row.detail["accepted"], row.detail["quarantined"]) == (1, 1)
    assert row.detail["import_id"] == report.import_id


def test_the_same_file_again_does_not_pile_up_its_quarantined_rows(home: Home) -> None:
    for _ in range(3):
        home.take(BAD, "orders", name="bad.csv")
    other = home.take(BAD.replace("never", "nimmer"), "orders", name="bad.csv")
    with home.session.engine.connect() as connection:
        found = quarantine.list_rows(connection)
        assert len(found) == 2
        assert found[-1].import_id == other.import_id
        assert len(quarantine.list_rows(connection, state=None)) == 4


def test_a_dry_run_leaves_nothing(home: Home) -> None:
    report = home.take(BAD, "orders", dry_run=True)
    assert (report.accepted, report.quarantined, report.import_id) == (1, 1, None)
    with home.session.engine.connect() as connection:
        assert quarantine.list_rows(connection, state=None) == []
