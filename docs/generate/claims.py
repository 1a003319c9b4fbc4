"""Figures that sentences of the documentation rest on, computed from the committed records and measurements."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist, fmean

import numpy as np

from docs.generate.board import board, record_paths, runs, setting
from docs.generate.markdown import decimal, table
from docs.generate.speed import measured_table
from merbench.leaderboard.rows import Row
from merbench.runs.record import read_record
from merbench.runs.schema import Record

__all__ = ["bi_woof", "expected_best", "rcn", "release_channels", "seed_noise", "ststnet"]

ROUNDS = 100  # of Dual-Inception's script
PORT = "STSTNet (PyTorch port)"  # in reported.csv: what the authors' log of their script says


def seed_noise() -> str:
    """How far seeds of one row lie apart, and how much the best of many seeds is worth."""
    deviation, rows = _deviation()
    gain = deviation * expected_best(ROUNDS)
    return (
        f"In the {rows} rows of several seeds, the standard deviation of UF1 between seeds is {decimal(deviation)} "
        f"(root mean square over the rows). If UF1 is normal over seeds, the best of {ROUNDS} runs is expected "
        f"{decimal(gain)} above their mean."
    )


def ststnet() -> str:
    """Where the authors' log of their script lies beside the seeds of the same settings here."""
    row = _row("ststnet", "published")
    figure = row.figures["full"]["uf1"]
    printed = next(one.uf1.value for one in board().rows if one.model == PORT and one.uf1)
    deviation, _ = _deviation()
    seeds = [decimal(one.figures["last"]["full"]["uf1"].value) for one in row.entries]
    loss = _training_loss([_record(row, seed) for seed in range(len(seeds))])
    above = (printed - figure.value) / deviation
    return (
        f"The same settings here have a UF1 of {decimal(figure.value)} (the mean of {', '.join(seeds)}, by seed) and a "
        f"mean training loss of {decimal(loss)} in the last epoch. The authors' log, {decimal(printed)}, lies "
        f"{above:.1f} standard deviations of a seed ({decimal(deviation)}) above that mean."
    )


def rcn() -> str:
    """How well each recipe of RCN fits: training loss, and confidence beside accuracy."""
    rows = sorted((row for row in runs() if row.model.startswith("rcn-")), key=lambda row: (row.recipe, row.model))
    head = ["recipe", "model", "seeds", "training loss, last epoch", "confidence", "accuracy", "UF1"]
    return table(head, [_fit(row) for row in rows])


def bi_woof() -> str:
    """UF1 and UAR of Bi-WOOF by the regularisation of its support vector machine."""
    return measured_table("bi-woof")


def release_channels() -> str:
    """Which channel of the flow release is which."""
    return measured_table("release-channels")


def _fit(row: Row) -> Sequence[object]:
    records = [_record(row, number) for number in range(len(row.entries))]
    full = row.figures["full"]
    figures = (_training_loss(records), fmean(map(_confidence, records)), full["accuracy"].value, full["uf1"].value)
    return [setting(row), f"`{row.model}`", len(records), *map(decimal, figures)]


def _confidence(record: Record) -> float:
    """The mean probability of the predicted class after the last epoch."""
    return fmean(max(one.policies["last"].scores or [0.0]) for one in record.predictions)


def _training_loss(records: list[Record]) -> float:
    return fmean(fold.loss[-1] for record in records for fold in record.folds if fold.loss)


def _deviation() -> tuple[float, int]:
    """Root mean square of the rows' standard deviations of UF1 over seeds, and the number of rows."""
    spreads = [row.uf1.spread for row in runs() if row.uf1 and row.uf1.spread is not None]
    return fmean(one**2 for one in spreads) ** 0.5, len(spreads)


def expected_best(number: int) -> float:
    """The expected largest of `number` standard normal draws: the integral of the quantile of the largest's rank."""
    levels = (np.arange(100_000) + 0.5) / 100_000
    return fmean(NormalDist().inv_cdf(level ** (1 / number)) for level in levels.tolist())


def _row(model: str, recipe: str) -> Row:
    return next(row for row in runs() if (row.model, setting(row)) == (model, recipe))


def _record(row: Row, number: int) -> Record:
    return read_record(record_paths()[row.entries[number].record.id])
