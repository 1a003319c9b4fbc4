"""The record, its parts, and the plan: pydantic models, validated when written and when read."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from merbench.data.people import SamePeople, subject_of
from merbench.engine.policies import Policy
from merbench.plugin.specs import Kind
from merbench.runs.seal import sealed
from merbench.scores import IntervalMethod

__all__ = [
    "READABLE",
    "SCHEMA",
    "AnyPolicy",
    "Benchmark",
    "Candidate",
    "ClassScores",
    "Code",
    "Digests",
    "FoldResult",
    "FoldSummary",
    "PartScores",
    "Plan",
    "PolicyPrediction",
    "Prediction",
    "Pretraining",
    "Record",
    "SubjectConfusion",
    "Submission",
    "SubmissionDigests",
]

AnyPolicy = Policy | Literal["submitted"]  # imported predictions are `submitted`, whatever policy the sender declares

SCHEMA = 3  # increased when the layout or the meaning of a record changes
# Schema 1 is like 2 without the digest of the whole record; 1 and 2 hold percentile intervals, 3 studentised ones.
READABLE = (1, 2, SCHEMA)
PERCENTILE = (1, 2)
MOST_CLIPS = 100_000  # of a dataset; the largest in the field has under ten thousand

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# No control characters, because names of a foreign record are printed on a terminal.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
# Free text on one line, for the same reason.
Line = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Index = Annotated[int, Field(ge=0, strict=True)]
# Only addresses that a page may link to.
Link = Annotated[str, Field(max_length=500, pattern=r"^(https?://[!#-;=?-\[\]_a-z~%]+)?$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Strict(BaseModel):
    """Immutable; unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sparing(Strict):
    """Does not write the `optional` fields that are None, so that records without them keep their bytes and id."""

    optional: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_unset(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if value is not None or name not in self.optional}


class Code(Sparing):
    """The code of a plugin that took part in a run; `digest` covers its source files.

    Only older records have a `version`. The id of a run depends on the code; versions are in the environment.
    """

    distribution: Line
    version: Line | None = None
    digest: Digest

    optional = ("version",)


class SubmissionDigests(Strict):
    """sha256 of the clips in their order, of their labels, and of the folds."""

    clips: Digest
    labels: Digest
    folds: Digest


class Digests(SubmissionDigests):
    """The same, and sha256 of the arrays that the model gets."""

    data: Digest


class Pretraining(Strict):
    """A dataset that a fit pre-trained on: no subject of it was tested. The digests are those of `Digests`."""

    dataset: Name
    databases: list[Name]
    clips: Annotated[int, Field(ge=1, le=MOST_CLIPS)]
    subjects: Annotated[int, Field(ge=1, le=MOST_CLIPS)]
    features: list[Line]
    clips_digest: Digest
    labels_digest: Digest
    data_digest: Digest


class Candidate(Strict):
    """A setting of a nested choice: what differs between the candidates, and what each sees."""

    settings: dict[str, Any]
    options: dict[str, Any]
    features: list[Line]
    data_digest: Digest


class Benchmark(Sparing):
    """The model, the dataset and the protocol of predictions.

    `same_people` has the groups of databases that show the same people, each in order: subjects of one name are one
    person, whose id is that of the first database.
    """

    model: Name
    dataset: Name
    protocol: Name
    classes: Annotated[list[Name], Field(min_length=2, max_length=100)]
    folds: Line  # pattern of the folds that run; "*" for all
    clips_total: Annotated[int, Field(ge=1, le=MOST_CLIPS)]  # of the dataset; a record may cover fewer
    same_people: Annotated[tuple[tuple[Name, ...], ...], Field(min_length=1)] | None = None

    optional: ClassVar[tuple[str, ...]] = ("same_people",)

    @model_validator(mode="after")
    def _groups_are_apart(self) -> Self:
        names = [name for group in self.groups for name in group]
        if len(set(names)) < len(names) or any(len(one) < 2 or list(one) != sorted(one) for one in self.groups):
            raise ValueError("same_people must have groups of two or more databases, in order, each in one group")
        return self

    @property
    def groups(self) -> SamePeople:
        """The groups of databases that show the same people."""
        return self.same_people or ()

    def digest(self) -> str:
        """sha256 (hex) of the plan as canonical JSON; a record's id."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


class Plan(Benchmark):
    """Everything that decides the outcome of a run; `settings` is the resolved recipe, `features` says how each feature
    is computed. `candidates` are those that a nested choice has in each fold; `settings` and `options`
    have what they share, `features` has what any of them sees.
    """

    kind: Kind
    recipe: Name
    training_loss: Line | None = None  # the network's own, as `module:attribute`
    pretraining: list[Pretraining] | None = None
    candidates: Annotated[list[Candidate], Field(min_length=2)] | None = None
    settings: dict[str, Any]
    options: dict[str, Any]
    features: list[Line]
    seed: Annotated[int, Field(ge=0)]
    epoch_policy: Policy
    precision: Literal["fp32", "tf32", "bf16"]
    compiled: Literal[True] | None = None  # by torch.compile
    device: Literal["cpu", "cuda", "mps"]
    weights: Digest | None
    digests: Digests
    code: dict[Name, Code]

    optional = (*Benchmark.optional, "training_loss", "pretraining", "candidates", "compiled")


class Submission(Benchmark):
    """Imported predictions, without a run; `source` is the sha256 of their file."""

    kind: Literal["rescored"]
    epoch_policy: Literal["submitted"]
    declared_policy: Policy | Literal["unknown"]  # the sender's statement on how the epoch was chosen
    paper: Line
    link: Link
    source: Digest
    digests: SubmissionDigests


class PolicyPrediction(Strict):
    """The class predicted under one epoch policy, and the score of every class (probabilities, or decision values)."""

    predicted: Index
    scores: list[FiniteFloat]


class Prediction(Strict):
    """One clip: its fold, its true class, and its prediction under each epoch policy."""

    clip: Name
    fold: Name
    truth: Index
    policies: dict[AnyPolicy, PolicyPrediction]

    @property
    def subject(self) -> str:
        """The subject's id in the clip's own database, which is the start of the clip's id."""
        return subject_of(self.clip)

    @property
    def database(self) -> str:
        """The database's name, which is the start of the clip's id."""
        return self.clip.split("/", 1)[0]


class SubjectConfusion(Strict):
    """The confusion matrix of one subject by policy (clip counts, rows truth, columns prediction), for records that may
    not publish the truth of clips. A person whom several databases show has a matrix in each."""

    subject: Name
    confusion: dict[AnyPolicy, list[list[Index]]]

    @property
    def database(self) -> str:
        """The database's name, which is the start of the subject's id."""
        return self.subject.split("/", 1)[0]

    @property
    def clips(self) -> int:
        """How many clips the subject has."""
        return sum(map(sum, next(iter(self.confusion.values()))))


class FoldSummary(Sparing):
    """One fold: wall time in seconds, the epoch (1-based) of each policy, and the training loss of every epoch.

    `candidate` is the index of the candidate that a nested choice took in the fold.
    """

    name: Name
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    epochs: dict[Policy, Annotated[int, Field(ge=1)]]
    loss: list[FiniteFloat]
    candidate: Index | None = None

    optional = ("candidate",)


class FoldResult(Strict):
    """A finished fold, kept until the record is written; `id` is the id of the run.

    `grouping` says how the fold was computed, because the other folds of a group may change the last digits of the
    results. `note` becomes a warning of the record. `machine` describes where an executor computed the fold.
    """

    id: Digest
    grouping: Line
    note: Line = ""
    machine: dict[str, Any] = {}
    summary: FoldSummary
    predictions: list[Prediction]


class ClassScores(Strict):
    """F1, recall and number of clips of one class."""

    name: Name
    clips: int
    f1: Share
    recall: Share


class PartScores(Strict):
    """The scores of a part. Intervals: 95 %, over subjects. Confusion: rows truth, columns prediction."""

    clips: int
    uf1: Share
    uar: Share
    accuracy: Share
    per_class: list[ClassScores]
    confusion: list[list[int]]
    intervals: dict[Literal["uf1", "uar", "accuracy"], tuple[Share, Share]]


class Record(Strict):
    """The outcome of a run, or of imported predictions; the unit of publishing.

    `predictions` has the predictions of each clip. If the truth of clips may not be published, `predictions` is empty
    and `subjects` has counts instead. `scores` maps policy to part to scores, which are None if the part lacks a class,
    so that UF1 and UAR are undefined. `folds` is empty for imported predictions.
    """

    schema_: Annotated[int, Field(alias="schema")] = SCHEMA
    id: Digest
    plan: Annotated[Plan | Submission, Field(discriminator="kind")]
    environment: dict[str, Any]
    predictions: list[Prediction]
    subjects: list[SubjectConfusion] = []
    scores: dict[AnyPolicy, dict[Name, PartScores | None]]
    folds: list[FoldSummary]
    warnings: list[Line]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _one_of_both(self) -> Record:
        if bool(self.predictions) == bool(self.subjects):
            raise ValueError("either predictions or subjects must have rows, not both")
        return self

    @model_validator(mode="after")
    def _candidates_fit(self) -> Record:
        candidates = self.plan.candidates if isinstance(self.plan, Plan) else None
        known = range(len(candidates)) if candidates else (None,)
        if any(fold.candidate not in known for fold in self.folds):
            raise ValueError("each fold must have one of the candidates of the plan, or none if the plan has none")
        return self

    @property
    def clips(self) -> int:
        """How many clips were predicted."""
        return len(self.predictions) or sum(one.clips for one in self.subjects)

    @property
    def complete(self) -> bool:
        """Whether every clip of the dataset was predicted; only complete records are ranked."""
        return self.plan.folds == "*" and self.clips == self.plan.clips_total

    @property
    def interval_method(self) -> IntervalMethod:
        """How the intervals of the scores were computed."""
        return "percentile" if self.schema_ in PERCENTILE else "studentised"

    def to_json(self) -> str:
        """Return JSON with one prediction, subject or fold per line, so that a diff shows which clips changed.

        The last field is the digest of all others; records of schema 1 have no digest.
        """
        content = self.model_dump(mode="json", by_alias=True)
        if self.schema_ > 1:
            content = sealed(content)
        lines = []
        for key, value in content.items():
            if key in ("predictions", "subjects", "folds"):
                rows = ",".join(f"\n  {json.dumps(row, allow_nan=False)}" for row in value)
                lines.append(f' "{key}": [{rows}\n ]')
            else:
                lines.append(f' "{key}": {json.dumps(value, indent=1, allow_nan=False)}')
        return "{\n" + ",\n".join(lines) + "\n}\n"
