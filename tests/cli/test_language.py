"""Chinese or English: by `--language`, else the setting, else the locale."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.released import V0_1_0

BACKUP = V0_1_0 / "home.zip"


def test_what_is_typed_comes_before_the_setting_and_the_setting_before_the_locale(tierwise: Command) -> None:
    locale = {"LC_ALL": "zh_CN.UTF-8"}
    assert "is whole" in tierwise("restore", BACKUP, "--check", settings={**locale, "TIERWISE_LANGUAGE": "en"}).out
    assert "校验和都正确" in tierwise("restore", BACKUP, "--check", settings={**locale, "TIERWISE_LANGUAGE": ""}).out
    said = tierwise("restore", BACKUP, "--check", "--language", "en", settings={"TIERWISE_LANGUAGE": "zh"})
    assert "is whole" in said.out
    assert "完整" in tierwise("--language=zh", "restore", BACKUP, "--check").out
    refused = tierwise("restore", BACKUP, "--language", "fr")
    assert (refused.code, refused.out) == (1, "")
    assert 'unknown language "fr"' in refused.err


def test_helps_and_misuse_are_told_in_chinese(tierwise: Command) -> None:
    said = tierwise("restore", "--help", "--language", "zh")
    assert said.code == 0
    for words in ("用法：", "把备份恢复到尚不存在或为空的主目录。", "选项：", "显示本说明后退出。"):
        assert words in said.out
    assert "Show this" not in said.out
    wrong = tierwise("restore", "--language", "zh")
    assert wrong.code == 2
    assert "错误：缺少参数" in wrong.err
    assert "backup" in tierwise("--help").out, "and the next command is in English again"


@pytest.mark.parametrize("as_json", [False, True])
def test_errors_are_told_in_chinese_with_their_code_and_place(tierwise: Command, tmp_path: Path, as_json: bool) -> None:
    nothing = tmp_path / "none.zip"
    said = tierwise("restore", nothing, "--language", "zh", *(["--json"] if as_json else []))
    assert said.code == 1
    if as_json:
        assert said.json["code"] == "no_backup"
        assert said.json["message"] == "无法读取文件：没有该文件或文件夹"
        assert said.json["problems"][0]["remedy"] == "请指定备份文件"
    else:
        assert said.err.splitlines()[0] == f"错误: {nothing}: 无法读取文件：没有该文件或文件夹"
