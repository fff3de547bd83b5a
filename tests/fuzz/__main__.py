"""`make fuzz`: each target for so many seconds, by inputs that reach lines of the parsers which none before reached.

What breaks a target is left beside, to be tried again by `python -m tests.fuzz --target NAME FILE`, and goes into
test_targets.py once it is mended.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LONGEST_BYTES = 4096
SLOWEST_SECONDS = 30
"""Of one input: then it hangs."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--target", help="one of them; else all in turn")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("file", nargs="*", help="inputs to try again, instead of making some")
    asked = parser.parse_args()
    if asked.target:
        _fuzz(asked.target, asked.seconds, asked.file)
    from tests.fuzz.targets import TARGETS

    broken = []
    for name in TARGETS:
        print(f"fuzzing {name} for {asked.seconds} s", flush=True)
        words = [sys.executable, "-m", "tests.fuzz", "--target", name, "--seconds", str(asked.seconds)]
        if subprocess.run(words, check=False).returncode:
            broken.append(name)
    print(f"broken: {', '.join(broken)}" if broken else "nothing broke")
    return 1 if broken else 0


def _fuzz(name: str, seconds: int, again: list[str]) -> None:
    """Fuzz one target in this process, which ends by it."""
    import atheris

    with atheris.instrument_imports(include=["tierwise", "csv", "json", "tests.fuzz"]):
        from tests.fuzz import targets

    corpus = Path(tempfile.mkdtemp(prefix="fuzz-corpus-"))
    for number, seed in enumerate(targets.seeds(name)):
        (corpus / str(number)).write_bytes(seed)
    options = [f"-max_len={LONGEST_BYTES}", f"-timeout={SLOWEST_SECONDS}", f"-artifact_prefix=fuzz-{name}-"]
    told = again or [f"-max_total_time={seconds}", "-print_final_stats=1", str(corpus)]
    try:
        atheris.Setup([sys.argv[0], *options, *told], targets.TARGETS[name])
        atheris.Fuzz()
    finally:
        shutil.rmtree(corpus, ignore_errors=True)
        shutil.rmtree(targets.folder(), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
