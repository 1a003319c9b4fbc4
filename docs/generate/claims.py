"""Figures that sentences of the documentation rest on, computed from the committed records and measurements."""

from __future__ import annotations

import csv
import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import NormalDist, fmean, stdev

import numpy as np

from docs.generate.board import LEADERBOARDS, board, boards, record_paths, runs, setting
from docs.generate.markdown import decimal, table
from docs.generate.speed import measured_rows, measured_table
from merbench.leaderboard.boards import counts_of
from merbench.leaderboard.reported import Reported, read_reported
from merbench.leaderboard.rows import Row
from merbench.leaderboard.statistics import ALPHA
from merbench.leaderboard.wording import p_value, signed
from merbench.runs.record import read_record
from merbench.runs.schema import AnyPolicy, Record
from merbench.scores import compare_confusions

__all__ = [
    "bi_woof",
    "bi_woof_scores",
    "causalnet",
    "dual_inception",
    "expected_best",
    "five_classes",
    "rcn",
    "rcn_fit",
    "release_channels",
    "seed_noise",
    "sssnet",
    "ststnet",
    "ststnet_printed",
]

# Note of a printed accuracy -> what it says of the number of clips.
CLIPS_OF_FIVE = {
    "casme2-246": "are shares of 246 clips",
    "casme2-247": "of 247",
    "casme2-246-247": "of either",
    "casme2-not-249": "of none of these numbers",
}
ROUNDS = 100  # of Dual-Inception's script
PORT = "STSTNet (PyTorch port)"  # in reported.csv: what the authors' log of their script says
STSTNET, TABLE_III, LOG = "STSTNet", "STSTNet (Liong et al.)", "STSTNet (Liong et al.), authors' log"
HTNET = "HTNet for micro-expression recognition (Neurocomputing 602:128196)"
AUTHORS = ("published", "halved-rate")  # RCN's recipes with the training of the authors' code


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
    values = [one.figures["last"]["full"]["uf1"].value for one in row.entries]
    deviation = stdev(values)
    loss = _training_loss(_records(row))
    above, seeds = (printed - figure.value) / deviation, ", ".join(map(decimal, values))
    return (
        f"The same settings here have a UF1 of {decimal(figure.value)} (the mean of {seeds}, by seed) and a "
        f"mean training loss of {decimal(loss)} in the last epoch. The authors' log, {decimal(printed)}, lies "
        f"{above:.1f} standard deviations of these seeds ({decimal(deviation)}) above that mean."
    )


def ststnet_printed() -> str:
    """What STSTNet's paper prints, and what the authors' two logs say."""
    printed, log = ({one: _printed(STSTNET, one, paper) for one in ("uf1", "uar")} for paper in (TABLE_III, LOG))
    port = {one: _printed(PORT, one, TABLE_III) for one in ("uf1", "uar")}
    return (
        f"The PyTorch script is a later port; its authors log a UF1 of {port['uf1']} and a UAR of {port['uar']} for it "
        f"(`STSTNet_python_logfile.txt`). The paper prints {printed['uf1']} and {printed['uar']} (Table III). In "
        f"another log with a UF1 of {log['uf1']} (`STSTNet_logfile.txt`), the mean precision is "
        f"{_printed(STSTNET, 'macro-precision', LOG)}, and the mean recall, which is the UAR, is {log['uar']}."
    )


def dual_inception() -> str:
    """Dual-Inception as published beside the figure that HTNet's paper quotes."""
    row = _row("dual-inception", "published")
    here, quoted = row.figures["full"], [_printed("Dual-Inception", one, HTNET) for one in ("uf1", "uar")]
    return (
        f"On the composite, `published` has a UF1 of {decimal(here['uf1'].value)} and a UAR of "
        f"{decimal(here['uar'].value)} ({_seeds(row)}). HTNet's paper quotes {' and '.join(quoted)} (Table 2). No test "
        "can compare them without the predictions behind the quoted figures."
    )


def sssnet() -> str:
    """How far SSSNet's `meb` fits its training clips, and its scores beside those of `quick`."""
    said = []
    for recipe in ("meb", "quick"):
        row = _row("sssnet", recipe)
        records = _records(row)
        said.append(
            f"`{recipe}` ends with a training loss of {decimal(_training_loss(records))} and has a UF1 of "
            f"{decimal(row.figures['full']['uf1'].value)} ({_seeds(row)})"
        )
    return f"On the composite, {'; '.join(said)}."


def causalnet() -> str:
    """CausalNet's `quick` on its authors' images, and how two rows on the first of the four images compare with it."""
    rows = {(row.model, row.recipe): row for row in boards("composite-causalnet")["loso"].rows}
    own = rows["causalnet", "quick"]
    said = []
    for title, name in (
        ("HTNet's `quick`", ("htnet", "quick")),
        ("the logistic regression (`nested-unweighted`)", ("flow-lr", "nested-unweighted")),
    ):
        test = compare_confusions(counts_of(rows[name]), counts_of(own), metric="uf1")
        value = decimal(rows[name].figures["full"]["uf1"].value)
        said.append(f"{title} has {value} ({signed(test.difference)}, p {p_value(test.p_value)})")
    last, chosen = (decimal(one["full"]["uf1"].value) for one in (own.figures, own.oracle))
    return (
        f"On these images, CausalNet's `quick` has a UF1 of {last} after the last epoch ({_seeds(own)}), and of "
        f"{chosen} with the epoch chosen on the test subject. On the first of the four images, {_joined(said)}; none "
        "has class weights. The p-values are of a paired test over subjects, before correction for their number."
    )


def bi_woof_scores() -> str:
    """The range of Bi-WOOF's rows here, and the figure that papers print."""
    values = sorted(row.figures["full"]["uf1"].value for row in runs() if row.model == "bi-woof")
    return (
        f"Bi-WOOF's {len(values)} rows on the composite have a UF1 of {decimal(values[0])} to {decimal(values[-1])} "
        f"here. STSTNet's paper prints {_printed('Bi-WOOF', 'uf1', TABLE_III)} (Table III), and later papers quote it. "
        "No test can compare them without the predictions behind the printed figure."
    )


def rcn_fit() -> str:
    """The training losses of RCN's recipes, and what the paired test says of each beside `quick`."""
    rows = {(row.model, setting(row)): row for row in runs() if row.model.startswith("rcn-")}
    chosen = [row for recipe in AUTHORS for (_, one), row in rows.items() if one == recipe]
    low, quick = (
        _range([_training_loss(_records(row)) for row in rows.values() if setting(row) in recipes])
        for recipes in (AUTHORS, ("quick",))
    )
    tests = [
        (row, compare_confusions(counts_of(row), counts_of(rows[row.model, "quick"]), metric="uf1")) for row in chosen
    ]
    behind, ahead, near = (
        _joined(
            f"`{row.model}` `{row.recipe}` ({signed(test.difference)}, p {p_value(test.p_value)})"
            for row, test in tests
            if (test.p_value <= ALPHA) * np.sign(test.difference) == side
        )
        for side in (-1, 1, 0)
    )
    absent = sorted({model for model, _ in rows} - {row.model for row in chosen if row.recipe == AUTHORS[0]})
    missing = f" Not run as `published`: {_joined(f'`{one}`' for one in absent)}." if absent else ""
    return (
        f"On the composite, `published` and `halved-rate` end with a training loss of {low}, `quick` of {quick}. A "
        f"paired test over subjects puts these behind the `quick` of the same network in UF1: {behind}; ahead: "
        f"{ahead}. It does not separate {near}. The p-values are not corrected, and the table below has the number of "
        f"seeds.{missing}"
    )


def rcn() -> str:
    """How well each recipe of RCN fits: training loss, and confidence beside accuracy, after the epoch that counts."""
    rows = sorted((row for row in runs() if row.model.startswith("rcn-")), key=lambda row: (row.recipe, row.model))
    head = ["recipe", "model", "seeds", "training loss, last epoch", "confidence", "accuracy", "UF1"]
    return table(head, [_fit(row) for row in rows])


def bi_woof() -> str:
    """UF1 and UAR of Bi-WOOF by the regularisation of its support vector machine, and where the printed UF1 lies."""
    uf1 = {row["what"].partition(" = ")[2]: float(row["figure"].split(" / ")[0]) for row in _linear_bi_woof()}
    printed = float(_printed("Bi-WOOF", "uf1", TABLE_III))
    below = next(c for c, score in uf1.items() if score < printed)
    above = [c for c, score in uf1.items() if score >= printed][-1]
    return (
        f"{measured_table('bi-woof')}\n\nFigures are UF1 / UAR over all clips, then by database. With a linear "
        f"kernel, the printed UF1 lies between those of C = {above} and C = {below}."
    )


def _linear_bi_woof() -> list[dict[str, str]]:
    """The rows with a linear kernel, from the smallest C."""
    return [row for row in measured_rows("bi-woof") if row["what"].startswith("linear kernel, C = ")]


def five_classes() -> str:
    """How many accuracies that papers print for CASME II in five classes fit which number of clips."""
    with (LEADERBOARDS / "reported.csv").open(encoding="utf-8", newline="") as file:
        lines = [one for one in csv.DictReader(file) if (one["dataset"], one["metric"]) == ("casme2-5", "accuracy")]
    of = Counter(note for one in lines for note in one["notes"].split() if note in CLIPS_OF_FIVE)
    fits = [f"{of[note]} {what}" for note, what in CLIPS_OF_FIVE.items()]
    return (
        f"`casme2-5` has 249 clips. Of {len(lines)} accuracies that papers print for it, {', '.join(fits)}, and "
        f"{len(lines) - of.total()} may be of 249. The board marks each."
    )


def release_channels() -> str:
    """Which channel of the flow release is which."""
    return measured_table("release-channels")


def _fit(row: Row) -> Sequence[object]:
    records = _records(row)
    full = row.figures["full"]
    loss = decimal(_training_loss(records)) if row.policy == "last" else "-"
    confidence = fmean(_confidence(record, entry.policy) for record, entry in zip(records, row.entries, strict=True))
    figures = (confidence, full["accuracy"].value, full["uf1"].value)
    return [setting(row), f"`{row.model}`", len(records), loss, *map(decimal, figures)]


def _confidence(record: Record, policy: AnyPolicy) -> float:
    """The mean probability of the predicted class after the epoch that the policy chooses."""
    return fmean(max(one.policies[policy].scores or [0.0]) for one in record.predictions)


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


def _records(row: Row) -> list[Record]:
    return [read_record(record_paths()[entry.record.id]) for entry in row.entries]


def _seeds(row: Row) -> str:
    return f"{len(row.entries)} seed{'s' if len(row.entries) > 1 else ''}"


def _joined(words: Iterable[str]) -> str:
    *first, last = [*words] or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


def _range(values: Sequence[float]) -> str:
    return f"{decimal(min(values))} to {decimal(max(values))}"


@functools.cache
def _reported() -> tuple[Reported, ...]:
    return read_reported(LEADERBOARDS / "reported.csv")


def _printed(method: str, metric: str, paper: str) -> str:
    """What a paper or a log says of a method on all clips of the composite, in `reported.csv`."""
    found = {
        one.value
        for one in _reported()
        if (one.dataset, one.part, one.method, one.metric, one.paper) == ("composite", "full", method, metric, paper)
    }
    (value,) = found
    return decimal(value, 4)
