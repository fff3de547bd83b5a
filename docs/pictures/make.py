"""Draw the pictures of these pages anew, from the made-up businesses: `make pictures`.

    python docs/pictures/make.py FOLDER      # a folder with the homes that `tierwise demo` makes

The same data and the same code give the same bytes.
"""

from __future__ import annotations

import json
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


def validation(home: Path) -> None:
    """The picture of tag-validation.md: the claim of that page, held against past days of the retailer."""
    page = (HERE.parent / "tag-validation.md").read_text("utf-8")
    claim = home / "claim.yaml"
    claim.write_text(page.split("```yaml claims.yaml\n")[1].split("```")[0], "utf-8")
    tierwise(home, "definitions", "apply", "-f", str(claim), "--note", "what regulars promise")
    tierwise(home, "run", "--as-of", "2026-06-30")
    days = json.loads(tierwise(home, "tag", "validate", "regular", "--dates", "6", "--json"))["validations"][0]["days"]
    rows = {
        "day": [day["day"] for day in days],
        "with the tag": [day["precision"] for day in days],
        "all": [day["base_rate"] for day in days],
    }
    title = "Who ordered again within 60 days"
    drawn = plots.bars(rows, label="day", values=["with the tag", "all"], title=title, unit="rate")
    plots.save(drawn, HERE / "validation.svg")


def tierwise(home: Path, *words: str) -> str:
    """What the command prints on that home. Raises where it fails."""
    env = {**os.environ, "TIERWISE_HOME": str(home)}
    command = [str(Path(sys.executable).parent / "tierwise"), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def main(homes: Path, wanted: list[str]) -> int:
    """Draw them; the number of those that could not be drawn."""
    missed = 0
    if not wanted or "gain" in wanted:
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
    if not wanted or "validation" in wanted:
        validation(homes / "retail")
    print(f"{len(list(HERE.glob('*.svg')))} pictures of insights in {HERE}")
    return missed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
