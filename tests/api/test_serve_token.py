"""The token of a home."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.api.serve_token import FILE, read_or_make_token, same
from tierwise.kernel.errors import TierwiseError


def test_a_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    token = read_or_make_token(tmp_path)
    assert len(token) >= 40
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert read_or_make_token(tmp_path) == token


def test_another_home_has_another_token(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert read_or_make_token(tmp_path / "a") != read_or_make_token(tmp_path / "b")


@pytest.mark.parametrize(("content", "mode"), [("short\n", 0o600), ("x" * 40, 0o644), ("密" * 40, 0o600)])
def test_a_token_file_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    (tmp_path / FILE).write_text(content, "utf-8")
    (tmp_path / FILE).chmod(mode)
    with pytest.raises(TierwiseError) as refused:
        read_or_make_token(tmp_path)
    assert refused.value.code == "bad_token_file"
    assert refused.value.place == str(tmp_path / FILE)
    assert content.strip() not in str(refused.value)


def test_a_home_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TierwiseError, match="cannot be made"):
        read_or_make_token(tmp_path / "nowhere")


def test_secrets_are_compared_whatever_their_letters() -> None:
    assert same("密码", "密码")
    assert not same("密码", "口令")
