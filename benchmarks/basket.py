"""`python -m benchmarks.basket`: rules of baskets, beside mlxtend's fpgrowth and association_rules, in one go.

mlxtend lives in an environment of its own:

    python3.11 -m venv ENV && ENV/bin/pip install mlxtend
    TIERWISE_DATA=… python -m benchmarks.basket --mlxtend ENV/bin/python

Both read the lines of Online Retail, each in a process of its own. Ours is timed from a pandas frame of lines to a
pandas frame of rules. mlxtend is timed from the table of true and false that it needs; making that is told beside and
not counted. Its rules with several items on the right are left out. Then the rules are compared: mlxtend divides
shares that are floats already, and so loses rules that lie exactly at the threshold; any other difference is a failure.

`--lines 10_000_000` measures ours on made-up lines of that number in place of Online Retail, without mlxtend.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

OURS = """
import json, sys, time
import pandas as pd
import tierwise as tw
asked = json.loads(sys.argv[1])
if asked["lines"]:
    from benchmarks.basket import made_lines
    lines = made_lines(asked["lines"], asked["seed"])
else:
    lines = pd.read_csv(asked["file"], dtype=str, usecols=["InvoiceNo", "StockCode"])
    lines.columns = ["order_id", "product_id"]
tw.association_rules
began = time.perf_counter()
rules = tw.association_rules(lines, min_support=asked["support"], min_confidence=asked["confidence"],
                             max_left=asked["max_left"])
seconds = time.perf_counter() - began
told = rules[["left", "right", "count", "left_count"]].values.tolist()
baskets = int(rules["basket_count"].iloc[0]) if len(rules) else 0
print(json.dumps({"seconds": seconds, "lines": len(lines), "baskets": baskets, "rules": told}))
"""

THEIRS = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from mlxtend.frequent_patterns import association_rules, fpgrowth
from mlxtend.preprocessing import TransactionEncoder
asked = json.loads(sys.argv[1])
lines = pd.read_csv(asked["file"], dtype=str, usecols=["InvoiceNo", "StockCode"])
began = time.perf_counter()
baskets = lines.groupby("InvoiceNo")["StockCode"].unique().tolist()
encoder = TransactionEncoder()
table = pd.DataFrame(encoder.fit_transform(baskets), columns=encoder.columns_)
encoding = time.perf_counter() - began
began = time.perf_counter()
most = None if asked["max_left"] is None else asked["max_left"] + 1
sets = fpgrowth(table, min_support=asked["support"], use_colnames=True, max_len=most)
rules = association_rules(sets, metric="confidence", min_threshold=asked["confidence"])
seconds = time.perf_counter() - began
one = rules[rules["consequents"].map(len) == 1]
told = [[" + ".join(sorted(left)), next(iter(right))] for left, right in zip(one["antecedents"], one["consequents"])]
print(json.dumps({"seconds": seconds, "encoding_seconds": encoding, "rules": told}))
"""

FASTER = 10
"""So many times at least."""


def main(given: list[str] | None = None) -> int:
    """0 where we are ten times as fast with the same rules, but for those that mlxtend loses at the threshold."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.basket", description="Rules of baskets, beside mlxtend."
    )
    parser.add_argument("--support", default="0.005")
    parser.add_argument("--confidence", default="0.2")
    parser.add_argument("--max-left", type=int, default=1, help="items on the left at most; 0 for any number")
    parser.add_argument(
        "--mlxtend", type=Path, help="the Python of an environment that has mlxtend; ours alone without"
    )
    parser.add_argument("--lines", type=int, default=0, help="made-up lines of that number in place of Online Retail")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=3, help="of ours; mlxtend has one (default 3)")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(given)
    folder = os.environ.get("TIERWISE_DATA")
    if not wanted.lines and not folder:
        parser.error("TIERWISE_DATA is not set: the folder of real data sets (or give --lines)")
    asked = {
        "file": str(Path(folder or "") / "online_retail" / "online_retail.csv"),
        "support": float(wanted.support), "confidence": float(wanted.confidence),
        "max_left": wanted.max_left or None, "lines": wanted.lines, "seed": wanted.seed,
    }  # fmt: skip
    ours = [measured(Path(sys.executable), OURS, asked) for _ in range(wanted.turns)]
    theirs = measured(wanted.mlxtend, THEIRS, asked) if wanted.mlxtend and not wanted.lines else None
    found = verdict(ours, theirs, support=Fraction(wanted.support), confidence=Fraction(wanted.confidence))
    print(json.dumps(found, indent=2) if wanted.json else sentence(found))
    return 0 if found["passed"] is not False else 1


def made_lines(lines: int, seed: int) -> Any:
    """So many lines of four to a basket and 5,000 products, of which some are bought far more than others."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    baskets = random.integers(0, max(1, lines // 4), lines)
    products = np.minimum(random.pareto(0.7, lines) * 20, 4_999).astype(np.int64)
    return pd.DataFrame({"order_id": baskets, "product_id": products})


def measured(python: Path, script: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What a script says of itself in its last line."""
    with tempfile.TemporaryFile("w+") as errors:
        command = [str(python), "-c", script, json.dumps(asked)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, check=False)
        if done.returncode:
            errors.seek(0)
            raise SystemExit(errors.read()[-4000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def verdict(
    ours: list[dict[str, Any]], theirs: dict[str, Any] | None, *, support: Fraction, confidence: Fraction
) -> dict[str, Any]:
    """The medians, the rules that only one side has, and whether the target is met; null without mlxtend."""
    seconds = median(float(turn["seconds"]) for turn in ours)
    rules = {(left, right): (count, of) for left, right, count, of in ours[0]["rules"]}
    found: dict[str, Any] = {"lines": ours[0]["lines"], "seconds": seconds, "rules": len(rules), "passed": None}
    if theirs is None:
        return found
    known = {(left, right) for left, right in theirs["rules"]}
    lost = sorted(rules.keys() - known)
    baskets = ours[0]["baskets"]
    at_threshold = [
        rule for rule in lost
        if Fraction(*rules[rule]) == confidence or Fraction(rules[rule][0], baskets) == support
    ]  # fmt: skip
    ratio = theirs["seconds"] / seconds
    return found | {
        "mlxtend_seconds": theirs["seconds"], "mlxtend_encoding_seconds": theirs["encoding_seconds"],
        "mlxtend_rules": len(known), "times_faster": ratio,
        "lost_by_mlxtend": [[*rule, *rules[rule]] for rule in lost],
        "only_mlxtend": [list(rule) for rule in sorted(known - rules.keys())],
        "passed": ratio >= FASTER and known <= rules.keys() and at_threshold == lost,
    }  # fmt: skip


def sentence(found: dict[str, Any]) -> str:
    """For people."""
    said = [f"{found['rules']:,} rules of {found['lines']:,} lines in {found['seconds']:.2f} s"]
    if found["passed"] is not None:
        said.append(
            f"mlxtend: {found['mlxtend_rules']:,} rules in {found['mlxtend_seconds']:.2f} s,"
            f" after {found['mlxtend_encoding_seconds']:.2f} s to make its table"
        )
        for left, right, count, of in found["lost_by_mlxtend"]:
            said.append(f"  lost by mlxtend: {left} -> {right}, {count} of {of}")
        for left, right in found["only_mlxtend"]:
            said.append(f"  found by mlxtend only: {left} -> {right}")
        said.append(f"{'✓' if found['passed'] else '✗'} {found['times_faster']:.0f} × faster, at least {FASTER}")
    return "\n".join(said)


if __name__ == "__main__":
    sys.exit(main())
