"""Time and memory, measured and printed, never asserted: `python -m tests.benchmarks [NAME ...] [--reference PATH]`.

One module per benchmark, each with a function `run(reference) -> list[Row]`; `BENCHMARKS` in `__main__` names them.
PATH is a folder with clones of the authors' repositories under their names (HTNet, MMNet, HSTA_MER, STSTNet, meb,
ParameterFreeRCNs-MicroExpressionRec): a network whose clone is there is measured beside the released one, step by step
in turn.
"""
