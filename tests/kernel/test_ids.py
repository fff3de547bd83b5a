import pytest

from tierwise.kernel.ids import column_name, is_name


@pytest.mark.parametrize(
    ("label", "column"),
    [
        ("收入 (元)", "trait_收入_元"),
        ("Country", "trait_Country"),
        ("a.b;c", "trait_a_b_c"),
        ("！", "trait_unnamed"),
        ("ＶＩＰ等级", "trait_VIP等级"),
    ],
)
def test_a_label_of_any_script_becomes_a_column(label: str, column: str) -> None:
    assert column_name("trait_", label, set()) == column


def test_columns_are_unique_after_case_folding() -> None:
    taken = {"trait_city"}
    assert column_name("trait_", "City", taken) == "trait_City_2"
    assert column_name("trait_", "CITY", {"trait_city", "trait_City_2"}) == "trait_CITY_3"


def test_names_of_definitions() -> None:
    assert is_name("spend_decile")
    assert not any(is_name(text) for text in ("Spend", "1st", "a-b", "分层", "", "a" * 64))
