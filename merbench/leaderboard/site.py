"""What the pages show: a site of boards, each a table of rows; and the entries behind the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from merbench.scores import Metric, PairedTest

if TYPE_CHECKING:
    from merbench.runs.schema import AnyPolicy, Record
    from merbench.runs.scoring import Counts

__all__ = ["Answers", "Badge", "Board", "Entry", "Family", "Figure", "Paper", "Row", "Site"]

# What stands behind a row: a paper's number, predictions handed in, or a run of this project.
Badge = Literal["reported", "rescored", "reproduced"]
Family = Literal["network", "handcrafted", "not stated"]


@dataclass(frozen=True)
class Figure:
    """One score in [0, 1]; its 95 % interval where it was computed from predictions; the spread over several seeds.

    Attributes:
        value: the score; over several seeds, their mean.
        interval: (lower, upper) end; None for a paper's number.
        spread: standard deviation over the seeds; None where there is one seed.
    """

    value: float
    interval: tuple[float, float] | None = None
    spread: float | None = None


Figures: TypeAlias = dict[str, dict[Metric, Figure]]  # part -> metric -> figure; a part or metric may be missing


@dataclass(frozen=True)
class Paper:
    """What to cite. `link` is empty or begins with http:// or https://."""

    title: str
    year: int | None = None
    table: str = ""
    link: str = ""


@dataclass(frozen=True)
class Answers:
    """What was predicted of each clip, in the order of the record: ids, class indices, and policy to class indices."""

    clips: tuple[str, ...]
    truth: tuple[int, ...]
    predicted: dict[AnyPolicy, tuple[int, ...]]


@dataclass(frozen=True)
class Entry:
    """One record, scored again from its counts; it has a page of its own.

    Attributes:
        record: as it was read, but with each subject's counts in place of its predictions.
        protocol: today's name of the record's protocol.
        counts: each subject's confusion matrices.
        figures: policy -> part -> metric -> figure.
        public: whether the truth of its clips may be published.
        answers: of every clip; None where it may not be published, or the record keeps it to itself.
        split_subjects: how many subjects are tested in more than one fold; None if the record has counts alone.
    """

    record: Record
    protocol: str
    counts: Counts
    figures: dict[AnyPolicy, Figures]
    public: bool
    answers: Answers | None = None
    split_subjects: int | None = 0

    @property
    def id(self) -> str:
        """The first twelve digits of the record's id: its page is `entries/ID.html`, its file `records/ID.json`."""
        return self.record.id[:12]


@dataclass(frozen=True)
class Row:
    """A line of a board: a paper's numbers, or all seeds of one configuration.

    Attributes:
        id: permanent; `#ID` on the board's page.
        model, recipe: names; a recipe is empty where there was none.
        badge, family: for filters, in words.
        policy: epoch policy in words, e.g. `last`, `declared last`, `test-selected`, `not stated`.
        figures: under the policy that counts for this row (never `oracle` of a run).
        oracle: the same, with the epoch chosen on the test labels; empty where unknown.
        selection: UF1 (full) of `oracle` minus that of the last epoch: what choosing on the test labels adds.
        clips, clips_total: how many clips the figures cover, of how many; None where a paper does not say.
        parameters: of the network; seconds: of the run (a mean over seeds); device: e.g. `cpu`. None where unknown.
        paper: what to cite.
        notes: sentences that a reader of this row should know.
        entries: one per seed, by seed; empty for a paper's numbers.
        rank: 1 is best; ties share one; None where it is not ranked, and then `unranked` says why.
        rank_interval: 95 %, by bootstrap over subjects.
        leading: not separable from the best (paired test over subjects, Holm's correction at .05).
        against_best: UF1 of the best row minus this one's; None for the best row and where it is not ranked.
        adjusted_p: p-value of that difference after Holm's correction.
    """

    id: str
    model: str
    badge: Badge
    policy: str
    figures: Figures
    recipe: str = ""
    family: Family = "not stated"
    oracle: Figures = field(default_factory=dict)
    selection: float | None = None
    clips: int | None = None
    clips_total: int | None = None
    parameters: int | None = None
    seconds: float | None = None
    device: str | None = None
    paper: Paper | None = None
    notes: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    rank: int | None = None
    rank_interval: tuple[int, int] | None = None
    leading: bool = False
    unranked: str = ""
    against_best: PairedTest | None = None
    adjusted_p: float | None = None


@dataclass(frozen=True)
class Board:
    """A table: one dataset, one protocol, one set of clips, labels and folds.

    Attributes:
        slug: file name without ending: the page is `boards/SLUG.html`, the comparison `boards/SLUG-compare.html`.
        title: e.g. `composite, protocol loso`.
        dataset, protocol, about: names, and a line on each.
        parts: names of the parts, `full` first.
        rows: ranked ones by rank, then the others by UF1.
        incomplete: entries that lack clips, listed below the table and never ranked, grouped by what they cover; each
            group has the same digests.
        left_out: how many reported figures are of a metric that is not clear, or of a variant, and stand only on the
            page of reported results.
    """

    slug: str
    title: str
    dataset: str
    protocol: str
    about: tuple[str, ...]
    parts: tuple[str, ...]
    classes: tuple[str, ...]
    clips_total: int | None
    subjects_total: int | None
    digests: dict[str, str]
    rows: tuple[Row, ...]
    incomplete: tuple[tuple[Row, ...], ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class Site:
    """Everything that is built. `entries`: newest first."""

    boards: tuple[Board, ...]
    entries: tuple[Entry, ...]
