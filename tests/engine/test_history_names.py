"""Names and values of history in the definitions' words."""

from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle, Stage
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.rule import Comparison
from tierwise.engine.history_names import giver, in_order

LADDER = Lifecycle(
    stages=(
        Stage(name="lost", when=Comparison(attribute="recency_days", op=">", value=365)),
        Stage(name="repeat", when=Comparison(attribute="frequency_count", op=">", value=1)),
        Stage(name="visitor"),
    )
)


def test_stages_come_as_life_goes_and_strangers_last() -> None:
    assert in_order(LADDER, ["lost", "was_renamed", "visitor", "repeat"]) == (
        "visitor", "repeat", "lost", "was_renamed",
    )  # fmt: skip


def test_cells_come_best_first_and_parts_by_number() -> None:
    assert in_order(Rfm(), ["000", "111", "011", "101"]) == ("111", "101", "011", "000")
    assert in_order(Deciles(), ["10", "2", "1"]) == ("1", "2", "10")
    assert in_order(None, ["b", "10", "9", "a"]) == ("9", "10", "a", "b")


def test_a_name_is_given_by_the_definition_of_its_kind() -> None:
    segment = parse_definition(
        {"kind": "segment", "name": "rfm_cell", "when": {"attribute": "recency_days", "op": ">", "value": 3}}, "here"
    )
    known = (segment, Rfm(), LADDER)
    assert giver(known, "segment", "rfm_cell") is segment
    assert giver(known, "tier", "rfm_cell") == Rfm()
    assert giver(known, "stage", "lifecycle_stage") is LADDER
    assert giver(known, "tier", "gone") is None
