"""Where the real data sets are; the project has none of their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def data_file(*parts: str) -> Path:
    """A file of the folder that TIERWISE_DATA names; skips the test, saying so, where it is not there."""
    folder = os.environ.get("TIERWISE_DATA")
    if not folder:
        pytest.skip("TIERWISE_DATA is not set: the folder of real data sets")
    path = Path(folder).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not in the folder that TIERWISE_DATA names")
    return path
