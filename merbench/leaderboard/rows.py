"""From entries to the rows of a board: one row for each configuration, which folds its seeds into means and spreads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from merbench.errors import printable
from merbench.leaderboard.bibliography import Paper, paper_of
from merbench.leaderboard.choosing import best_seed_gain, epochs_of
from merbench.leaderboard.claims import claim_of, recipe_name
from merbench.leaderboard.entries import Entry, Figure, Figures
from merbench.leaderboard.seen import data_from
from merbench.leaderboard.statistics import Standing
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Claim
from merbench.protocols import shares_subjects
from merbench.runs.changes import as_text, changes, in_brief
from merbench.runs.schema import AnyPolicy, Plan, Submission
from merbench.runs.weights import given_files, starts_from
from merbench.scores import Metric, interval_of_rate, mean_without_each

if TYPE_CHECKING:
    from merbench.leaderboard.disputes import Dispute

__all__ = ["Approach", "Badge", "Paper", "Row", "configuration", "make_rows", "of_seeds", "seeds_of"]

# What stands behind a row: a paper's number, predictions that were handed in, or a run of this project.
Badge = Literal["reported", "rescored", "run here"]
Approach = Literal["network", "handcrafted", "not stated"]

APPROACHES: dict[str, Approach] = {
    "torch": "network",
    "estimator": "handcrafted",
    "fit": "not stated",
    "rescored": "not stated",
}
MOST = 10**15  # of a count or of seconds that a record may state


@dataclass(frozen=True)
class Row:
    """A line of a board: a paper's numbers, or all seeds of one configuration.

    Attributes:
        id: permanent; `#ID` on the board's page.
        model, recipe: names; a recipe is empty if there was none.
        title: the name that people use, e.g. `HTNet`; empty for `model`.
        claim, claim_about: what the settings of a run are, and a line about them; empty if nothing was run here.
        changed: what `--set` changed in the recipe: name -> value as text, without control characters.
        badge, approach: for filters, in words.
        policy: epoch policy in words, e.g. `last`, `declared last`, `test-selected`, `not stated`.
        figures: under the policy that counts for this row (never `oracle` of a run).
        oracle: the same with the epoch chosen on the test labels; empty if unknown.
        gains: part -> UF1 of `oracle` minus that of the last epoch: what choosing on the test labels adds.
        epochs: among which the oracle chooses; None if there are none, or if it is not known.
        seed_selection: what UF1 (full) gains if each subject gets its best seed (`best_seed_gain`); None for one seed.
        data_from: the raw features that the runs saw, and their sources; empty if it is not known.
        clips, clips_total: how many clips the figures cover, of how many; None if a paper does not say.
        parameters: of the network; seconds: of the fastest of the runs that were not resumed, because other work
            on a machine slows runs down; device: e.g. `cpu`. None if unknown.
        paper: what to cite.
        first_published: the year in which the method of a paper's numbers was first published; None if unknown.
        notes: sentences that a reader of this row should know.
        entries: one per seed, in the order of seeds; empty for a paper's numbers.
        standings: part -> rank by the part's UF1 and comparison with its best row; empty for a row that is not ranked.
        unranked: why a row with entries is not ranked; empty if it is.
    """

    id: str
    model: str
    badge: Badge
    policy: str
    figures: Figures
    recipe: str = ""
    changed: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    claim: Claim | Literal[""] = ""
    claim_about: str = ""
    approach: Approach = "not stated"
    oracle: Figures = field(default_factory=dict)
    gains: Mapping[str, float] = field(default_factory=dict)
    epochs: int | None = None
    seed_selection: float | None = None
    data_from: str = ""
    clips: int | None = None
    clips_total: int | None = None
    parameters: int | None = None
    seconds: float | None = None
    device: str | None = None
    paper: Paper | None = None
    first_published: int | None = None
    notes: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    standings: dict[str, Standing] = field(default_factory=dict)
    unranked: str = ""

    @property
    def standing(self) -> Standing | None:
        """The standing over all clips; None for a row that is not ranked."""
        return self.standings.get("full")

    @property
    def name(self) -> str:
        """The name of the model on pages."""
        return self.title or self.model

    @property
    def details(self) -> str:
        """The recipe, with what `--set` changed: `quick; width=8`. Empty for a paper's row."""
        return "; ".join(filter(None, (self.recipe, in_brief(self.changed))))

    @property
    def with_details(self) -> str:
        """The name with what tells the row from others of its name."""
        return self.name + self.distinction

    @property
    def ran(self) -> str:
        """What ran, e.g. `shortened: a smaller network`; else what stands behind the row."""
        return ": ".join(one for one in (self.claim, self.claim_about) if one) or self.badge

    @property
    def distinction(self) -> str:
        """What follows the name where rows of one model are told apart: `, quick; width=8, inner epoch`. A recipe that
        needs no name is left out.
        """
        details = in_brief(self.changed) if self.recipe == "default" else self.details
        return "".join(f", {one}" for one in (details, "inner epoch" if self.policy == "inner" else "") if one)

    @property
    def hollow(self) -> bool:
        """Whether its marks are hollow: a run that was shortened or has settings of its own."""
        return self.claim in ("shortened", "own settings")

    @property
    def year(self) -> int | None:
        """The year of first publication; if that is not known, that of `paper`: of a run, the model's."""
        return self.first_published or (self.paper.year if self.paper else None)

    @property
    def contested(self) -> tuple[Dispute, ...]:
        """The objections to the row's records."""
        return tuple(one for entry in self.entries for one in entry.disputes if one.status == "contested")

    @property
    def page(self) -> str:
        """The path of the row's page, which is that of its entry if it has one alone; empty for a paper's row."""
        if len(self.entries) > 1:
            return f"rows/{self.id}.html"
        return f"entries/{self.entries[0].id}.html" if self.entries else ""

    @property
    def rank(self) -> int | None:
        """1 is best; rows of equal UF1 share a rank; None for a row that is not ranked."""
        return self.standing.rank if self.standing else None

    @property
    def selection(self) -> float | None:
        """What choosing the epoch on the test labels adds to UF1 over all clips; None if it is not known."""
        return self.gains.get("full")

    @property
    def uf1(self) -> Figure | None:
        """UF1 over all clips, by which rows are ordered."""
        return self.uf1_of("full")

    def uf1_of(self, part: str) -> Figure | None:
        """UF1 of a part; None if it is not known or not defined."""
        return self.figures.get(part, {}).get("uf1")


def make_rows(entries: Sequence[Entry], registry: Registry) -> list[Row]:
    """One row for each configuration: the seeds of one configuration become one row."""

    def key(entry: Entry) -> str:
        return configuration(entry.record.plan, entry.protocol)

    ordered = sorted(entries, key=lambda one: (key(one), _seed(one), one.id))
    return [_row(tuple(seeds), registry) for _, seeds in groupby(ordered, key=key)]


def of_seeds(row: Row, seeds: Collection[int]) -> Row:
    """The row of these seeds alone, with their mean; its standings stay those of all seeds."""
    kept = tuple(one for one in row.entries if _seed(one) in seeds)
    return row if kept == row.entries else replace(row, entries=kept, figures=_mean(kept, kept[0].policy))


def seeds_of(row: Row) -> set[int]:
    """The seeds of a row's entries; 0 for predictions that were handed in."""
    return {_seed(one) for one in row.entries}


def configuration(plan: Plan | Submission, protocol: str) -> str:
    """sha256 (hex) of a plan without its seed, with its protocol under this name."""
    content = {**plan.model_dump(mode="json", exclude={"seed"}), "protocol": protocol}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _seed(entry: Entry) -> int:
    plan = entry.record.plan
    return plan.seed if isinstance(plan, Plan) else 0


def _row(entries: tuple[Entry, ...], registry: Registry) -> Row:
    first = entries[0].record
    plan, policy = first.plan, entries[0].policy
    honest, selected = _mean(entries, policy), _mean(entries, "oracle")
    claim: Claim | Literal[""]
    claim, about = claim_of(plan, registry) if isinstance(plan, Plan) else ("", "")
    last = honest if policy == "last" else _mean(entries, "last")
    return Row(
        id=configuration(plan, plan.protocol)[:12],
        model=plan.model,
        recipe=recipe_name(plan, registry) if isinstance(plan, Plan) else "",
        changed={printable(name): printable(as_text(value)) for name, value in changes(plan, registry).items()},
        title=_title(plan, registry),
        claim=claim,
        claim_about=about,
        badge="rescored" if isinstance(plan, Submission) else "run here",
        approach=APPROACHES[plan.kind],
        policy=_policy_in_words(plan),
        figures=honest,
        oracle=selected,
        gains=_gains(selected, last),
        epochs=epochs_of(first),
        seed_selection=best_seed_gain(entries),
        data_from=data_from(plan, registry),
        clips=first.clips,
        clips_total=plan.clips_total,
        parameters=_whole(first.environment, "engine", "parameters"),
        seconds=_least_seconds(entries),
        device=plan.device if isinstance(plan, Plan) else None,
        paper=_paper(plan, registry),
        notes=tuple(dict.fromkeys(warning for one in entries for warning in one.record.warnings)),
        entries=entries,
        unranked=_unranked(entries[0], registry),
    )


def _title(plan: Plan | Submission, registry: Registry) -> str:
    known = isinstance(plan, Plan) and plan.model in registry.models.names()
    return registry.models.get(plan.model).title if known else ""


def _policy_in_words(plan: Plan | Submission) -> str:
    if isinstance(plan, Plan):
        return "last" if plan.epoch_policy == "oracle" else plan.epoch_policy
    said = {"oracle": "declared test-selected", "unknown": "not stated"}
    return said.get(plan.declared_policy, f"declared {plan.declared_policy}")


def _unranked(entry: Entry, registry: Registry) -> str:
    """Why an entry is not ranked; empty if it is."""
    record, plan = entry.record, entry.record.plan
    if record.clips != plan.clips_total:
        return f"covers {record.clips} of {plan.clips_total} clips"
    if not record.complete:
        return f"only folds {plan.folds} were run"
    if record.scores[entry.policy]["full"] is None:
        return "UF1 is not defined: some class has no clip"
    if entry.protocol in registry.protocols.names():
        if shares_subjects(registry, plan.protocol):
            return "its folds have subjects on both sides"
    elif entry.split_subjects is None:
        return "its protocol is not installed, and without clips nothing shows who is in its folds"
    elif entry.split_subjects:
        return "its protocol is not installed, and subjects are tested in several folds"
    if isinstance(plan, Plan):
        return _unknown_training(plan)
    reasons = {
        "oracle": "its sender chose the epoch on the test labels",
        "unknown": "its sender does not say how the epoch was chosen",
    }
    return reasons.get(plan.declared_policy, "")


def _unknown_training(plan: Plan) -> str:
    """Why the training data of a run's weights is not known; empty if the run trained all of them."""
    if plan.weights:
        return "made from given checkpoints: how their epoch was chosen is not known"
    if files := given_files(plan):
        return starts_from(files)
    return ""


def _mean(entries: Sequence[Entry], policy: AnyPolicy) -> Figures:
    """Each figure as the mean over the seeds, with the interval of the mean, and the spread if there are several seeds.
    Empty if a seed has no predictions under the policy.
    """
    if any(policy not in one.figures for one in entries):
        return {}
    if len(entries) == 1:
        return entries[0].figures[policy]
    return {part: _mean_of_part(entries, policy, part) for part in entries[0].figures[policy]}


def _mean_of_part(entries: Sequence[Entry], policy: AnyPolicy, part: str) -> dict[Metric, Figure]:
    counts = np.stack([one.counts.of(part).confusions[policy] for one in entries])
    means: dict[Metric, Figure] = {}
    for metric in entries[0].figures[policy][part]:
        values = [one.figures[policy][part][metric].value for one in entries]
        interval = interval_of_rate(fmean(values), mean_without_each(counts, metric))
        means[metric] = Figure(fmean(values), interval, stdev(values))
    return means


def _gains(selected: Figures, last: Figures) -> dict[str, float]:
    both = [part for part in selected if "uf1" in selected[part] and "uf1" in last.get(part, {})]
    return {part: selected[part]["uf1"].value - last[part]["uf1"].value for part in both}


def _paper(plan: Plan | Submission, registry: Registry) -> Paper | None:
    if isinstance(plan, Submission):
        return paper_of(plan.paper or plan.model, plan.link) if plan.paper or plan.link else None
    # A member cites its family's paper: making the member may load a large library.
    family = registry.models.families().get(plan.model.rpartition(":")[0])
    known = plan.model in registry.models.names()
    paper = registry.models.get(plan.model).paper if known else family.paper if family else ""
    return paper_of(paper) if paper else None


def _whole(environment: dict[str, Any], *keys: str) -> int | None:
    """A count from a record's environment, which may contain anything."""
    value: Any = environment
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST else None


def _least_seconds(entries: Sequence[Entry]) -> float | None:
    environments = [one.record.environment for one in entries]
    found = [one.get("seconds") for one in environments if not one.get("resumed")]  # else counted from the last start
    return min(
        (one for one in found if isinstance(one, int | float) and one is not True and 0 < one < MOST), default=None
    )
