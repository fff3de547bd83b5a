"""Draw the pictures of these pages anew, from the made-up businesses: `make pictures`.

    python docs/pictures/make.py FOLDER      # a folder with the homes that `tierwise demo` makes

The same data and the same code give the same bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tierwise import plots

HERE = Path(__file__).parent

DRAWN: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "abnormal": ("retail", "abnormal", ()),
    "clv": ("retail", "clv", ("show=fit",)),
    "cohorts": ("retail", "cohorts", ()),
    "common_paths": ("retail", "common_paths", ("by=category",)),
    "due_backtest": ("retail", "due_backtest", ()),
    "first_purchases": ("retail", "first_purchases", ()),
    "funnel": ("dealer", "funnel", ()),
    "funnel_by": ("dealer", "funnel", ("by=gender",)),
    "funnel_stops": ("dealer", "funnel_stops", ()),
    "habits": ("retail", "habits", ()),
    "idle": ("retail", "idle", ("level=customer_level",)),
    "increment": ("retail", "increment", ()),
    "interactions": ("retail", "interactions", ()),
    "kpis": ("dealer", "kpis", ()),
    "ladder": ("retail", "ladder", ()),
    "next_products": ("retail", "next_products", ()),
    "pairs": ("retail", "pairs", ()),
    "panorama": ("retail", "panorama", ()),
    "paths": ("retail", "paths", ("by=category",)),
    "promotion": ("retail", "promotion", ()),
    "replenishment": ("retail", "replenishment", ()),
    "sources": ("retail", "sources", ()),
    "wallet": ("retail", "wallet", ()),
}
"""Picture -> the business, the insight and its parameters."""


SAME_SHARE = [place / 10 for place in range(1, 11)]

GAIN = {
    "CDNOW": [0.501, 0.703, 0.811, 0.877, 0.916, 0.944, 0.962, 0.980, 0.993, 1.0],
    "Online Retail": [0.558, 0.754, 0.849, 0.899, 0.929, 0.955, 0.976, 0.982, 0.991, 1.0],
    "by chance": SAME_SHARE,
}
"""Share of the later best among so many tenths of the customers by falling score: as potential.md has it."""


def gain() -> None:
    """The picture of potential.md: `logistic`, judged out of time."""
    rows = {"tenths": [str(place) for place in range(1, 11)], **GAIN}
    drawn = plots.lines(rows, label="tenths", values=list(GAIN), title="Gain by tenth of the customers", unit="rate")
    plots.save(drawn, HERE / "gain.svg")


def main(homes: Path, wanted: list[str]) -> int:
    """Draw them; the number of those that could not be drawn."""
    missed = 0
    gain()
    for name, (business, insight, parameters) in DRAWN.items():
        if wanted and name not in wanted:
            continue
        command = [str(Path(sys.executable).parent / "tierwise"), "insight", insight]
        for each in parameters:
            command += ["--set", each]
        env = {**os.environ, "TIERWISE_HOME": str(homes / business)}
        done = subprocess.run(
            [*command, "--to", str(HERE / f"{name}.svg")], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            print(f"{name}: {done.stderr.strip()}", file=sys.stderr)
            missed += 1
    return missed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
