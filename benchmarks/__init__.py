"""How fast, beside hand-written SQL, in one process tree: `python -m benchmarks` (`make bench`)."""
