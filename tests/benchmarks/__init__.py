"""Time and memory, measured and printed, never asserted: `python -m tests.benchmarks [NAME ...] [--reference PATH]`.

One module per benchmark, each with a function `run(reference) -> list[Row]`; `BENCHMARKS` in `__main__` names them.
"""
