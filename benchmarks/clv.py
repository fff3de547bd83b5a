"""`python -m benchmarks.clv`: learning BG/NBD from a million customers, beside lifetimes, in one go.

lifetimes lives in an environment of its own: it needs setuptools' pkg_resources, which newer setuptools have no more.

    python3.11 -m venv ENV && ENV/bin/pip install "setuptools<81" "numpy<2" lifetimes
    python -m benchmarks.clv --lifetimes ENV/bin/python

Both get the same figures from the same file, both are timed from figures in memory to a learnt model, each in a process
of its own. The customers are made up: they order as a BG/NBD says, on whole days, over up to two years.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

OURS = """
import json, sys, time
import numpy as np, pyarrow as pa
import tierwise as tw
x, last, age = np.load(sys.argv[1])
frame = pa.table({"repeat_orders": x, "age_at_last_order": last, "age": age})
tw.clv.fit
began = time.perf_counter()
model = tw.clv.fit(sys.argv[2], frame)
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "log_likelihood": model.log_likelihood, "params": model.params,
                  "problems": [problem.code for problem in model.problems]}))
"""

THEIRS = """
import json, sys, time
import warnings; warnings.filterwarnings("ignore")
import numpy as np
from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
x, last, age = np.load(sys.argv[1])
fitter = {"bg_nbd": BetaGeoFitter, "mbg_nbd": ModifiedBetaGeoFitter, "pareto_nbd": ParetoNBDFitter}[sys.argv[2]]()
began = time.perf_counter()
fitter.fit(x, last, age)
seconds = time.perf_counter() - began
params = {name: float(value) for name, value in fitter.params_.items()}
print(json.dumps({"seconds": seconds, "params": params}))
"""

LIMIT = 1 / 20
"""Of lifetimes' time, at most."""

_KINDS = ("bg_nbd", "mbg_nbd", "pareto_nbd")


def main(given: list[str] | None = None) -> int:
    """0 where we take at most a twentieth of the time at a likelihood no lower, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.clv", description="Learning CLV models, beside lifetimes."
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", choices=_KINDS, default="bg_nbd")
    parser.add_argument(
        "--lifetimes", type=Path, help="the Python of an environment that has lifetimes; ours alone without"
    )
    parser.add_argument("--turns", type=int, default=3, help="of ours; lifetimes has one (default 3)")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="tierwise-clv-") as folder:
        file = Path(folder) / "histories.npy"
        np.save(file, histories(wanted.customers, wanted.seed))
        ours = [measured(Path(sys.executable), OURS, file, wanted.model) for _ in range(wanted.turns)]
        theirs = measured(wanted.lifetimes, THEIRS, file, wanted.model) if wanted.lifetimes else None
        if theirs is not None:
            theirs["log_likelihood"] = log_likelihood(file, wanted.model, theirs["params"])
    found = verdict(wanted.customers, wanted.model, ours, theirs)
    print(json.dumps(found, indent=2) if wanted.json else sentence(found))
    return 0 if found["passed"] is not False else 1


def histories(customers: int, seed: int) -> np.ndarray:
    """Rows repeat orders, age at the last, age, in weeks; whole days inside."""
    from tierwise.stats.clv.beta_geometric import simulated

    random = np.random.default_rng(seed)
    days = random.integers(180, 730, customers)
    params = np.array([0.35, 5.0, 0.8, 2.5])
    orders, last = simulated(params, days / 7, 0, random)
    whole = np.where(orders > 0, np.maximum(1, np.floor(last * 7)), 0)
    return np.stack([orders, whole / 7, days / 7])


def measured(python: Path, script: str, file: Path, model: str) -> dict[str, object]:
    """What a script says of itself in its last line."""
    done = subprocess.run([str(python), "-c", script, str(file), model], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def log_likelihood(file: Path, model: str, params: object) -> float:
    """Of parameters found elsewhere, on the same customers, all constants the same."""
    from tierwise.stats.clv.families import FAMILIES
    from tierwise.stats.clv.histories import histories as grouped

    family = FAMILIES[model]
    assert isinstance(params, dict)
    point = np.array([params[name] for name in family.names])
    return family.log_likelihood(point, grouped(*np.load(file)))[0]


def verdict(
    customers: int, model: str, ours: list[dict[str, object]], theirs: dict[str, object] | None
) -> dict[str, object]:
    """Median of ours, lifetimes' one turn, and whether the target is met; null where lifetimes was not measured."""
    seconds = float(np.median([float(str(turn["seconds"])) for turn in ours]))
    found: dict[str, object] = {
        "customers": customers, "model": model, "ours": {**ours[0], "seconds": seconds}, "lifetimes": theirs,
        "passed": None,
    }  # fmt: skip
    if theirs is not None:
        ratio = float(str(theirs["seconds"])) / seconds
        above = float(str(ours[0]["log_likelihood"])) - float(str(theirs["log_likelihood"]))
        # Two sums of a million logarithms agree to some 12 digits.
        digits = 1e-12 * abs(float(str(theirs["log_likelihood"])))
        found |= {
            "times_faster": ratio,
            "log_likelihood_above": above,
            "passed": ratio >= 1 / LIMIT and above >= -digits,
        }
    return found


def sentence(found: dict[str, object]) -> str:
    """For people."""
    ours, theirs = found["ours"], found["lifetimes"]
    assert isinstance(ours, dict)
    whom = f"{found['model']} of {found['customers']:,} customers"
    lines = [f"{whom}: {ours['seconds']:.2f} s, LL {ours['log_likelihood']:.6f}"]
    if isinstance(theirs, dict):
        mark, above = "✓" if found["passed"] else "✗", found["log_likelihood_above"]
        lines.append(f"lifetimes: {theirs['seconds']:.2f} s, LL {theirs['log_likelihood']:.6f}")
        lines.append(f"{mark} {found['times_faster']:.0f} × faster, at least 20; LL higher by {above:.2g}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
