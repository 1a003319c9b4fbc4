"""The record, its parts, and the plan: pydantic models, checked when written and when read."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from merbench.engine.policies import Policy
from merbench.runs.seal import sealed

__all__ = [
    "READABLE",
    "SCHEMA",
    "AnyPolicy",
    "Benchmark",
    "ClassScores",
    "Code",
    "Digests",
    "FoldResult",
    "FoldSummary",
    "PartScores",
    "Plan",
    "PolicyPrediction",
    "Prediction",
    "Record",
    "SubjectConfusion",
    "Submission",
    "SubmissionDigests",
]

AnyPolicy = Policy | Literal["submitted"]  # predictions handed in are under `submitted`, whatever their sender declares

SCHEMA = 2  # raised when the record's layout changes
READABLE = (1, SCHEMA)  # a record of schema 1 is the same without the digest of the whole
MOST_CLIPS = 100_000  # of a dataset; the largest of the field has under ten thousand

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# No control characters: names of a stranger's record are printed on a terminal.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
# Free text of one line, for the same reason.
Line = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Index = Annotated[int, Field(ge=0, strict=True)]
# Only what a page may link to.
Link = Annotated[str, Field(max_length=500, pattern=r"^(https?://[!#-;=?-\[\]_a-z~%]+)?$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Strict(BaseModel):
    """Immutable; a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Code(Strict):
    """The code of a plugin that took part: `digest` is over its source files.

    `version` is in older records alone. A run's identity hangs on the code; the versions that ran are in the
    environment.
    """

    distribution: Line
    version: Line | None = None
    digest: Digest

    @model_serializer(mode="wrap")
    def _without_version(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if value is not None}


class SubmissionDigests(Strict):
    """sha256 of the clips in their order, of their labels, and of the folds."""

    clips: Digest
    labels: Digest
    folds: Digest


class Digests(SubmissionDigests):
    """Those, and sha256 of the arrays that the model was shown."""

    data: Digest


class Benchmark(Strict):
    """What was predicted: the clips of a dataset, under a protocol, by a model."""

    model: Name
    dataset: Name
    protocol: Name
    classes: Annotated[list[Name], Field(min_length=2, max_length=100)]
    folds: Line  # pattern of the folds that run; "*" for all
    clips_total: Annotated[int, Field(ge=1, le=MOST_CLIPS)]  # of the dataset; a record may cover fewer

    def digest(self) -> str:
        """sha256 (hex) of the plan as canonical JSON; a record's id."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


class Plan(Benchmark):
    """Everything that decides the outcome of a run. `settings`: the recipe, resolved; `features`: how each was made."""

    kind: Literal["torch", "estimator"]
    recipe: Name
    settings: dict[str, Any]
    options: dict[str, Any]
    features: list[Line]
    seed: Annotated[int, Field(ge=0)]
    epoch_policy: Policy
    precision: Literal["fp32", "tf32", "bf16"]
    device: Literal["cpu", "cuda", "mps"]
    weights: Digest | None
    digests: Digests
    code: dict[Name, Code]


class Submission(Benchmark):
    """Predictions that somebody handed in: nothing was run here. `source`: sha256 of the file they were read from."""

    kind: Literal["rescored"]
    epoch_policy: Literal["submitted"]
    declared_policy: Policy | Literal["unknown"]  # how the sender says that the epoch was chosen
    paper: Line
    link: Link
    source: Digest
    digests: SubmissionDigests


class PolicyPrediction(Strict):
    """The class predicted under one epoch policy, and the score of every class (probabilities, or decision values)."""

    predicted: Index
    scores: list[FiniteFloat]


class Prediction(Strict):
    """One clip: its fold, its truth, and what was predicted under each epoch policy."""

    clip: Name
    fold: Name
    truth: Index
    policies: dict[AnyPolicy, PolicyPrediction]

    @property
    def subject(self) -> str:
        """The subject's id, which a clip's id starts with."""
        return "/".join(self.clip.split("/")[:2])

    @property
    def database(self) -> str:
        """The database's name, which a clip's id starts with."""
        return self.clip.split("/", 1)[0]


class SubjectConfusion(Strict):
    """What is published of one subject where the truth of clips may not be: policy -> clips, rows truth, columns
    predicted.
    """

    subject: Name
    confusion: dict[AnyPolicy, list[list[Index]]]

    @property
    def database(self) -> str:
        """The database's name, which a subject's id starts with."""
        return self.subject.split("/", 1)[0]

    @property
    def clips(self) -> int:
        """How many clips the subject has."""
        return sum(map(sum, next(iter(self.confusion.values()))))


class FoldSummary(Strict):
    """One fold: wall time in seconds, the epoch (1-based) behind each policy, the training loss of every epoch."""

    name: Name
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    epochs: dict[Policy, Annotated[int, Field(ge=1)]]
    loss: list[FiniteFloat]


class FoldResult(Strict):
    """A finished fold, as it is kept until the record is written; `id` is that of the run it belongs to.

    `grouping` says how its folds were computed: the figures of a fold may differ in their last digits with the folds
    that it trained beside. `note` is for the record's warnings.
    """

    id: Digest
    grouping: Line
    note: Line = ""
    summary: FoldSummary
    predictions: list[Prediction]


class ClassScores(Strict):
    """F1 and recall of one class, and how many clips of it there are."""

    name: Name
    clips: int
    f1: Share
    recall: Share


class PartScores(Strict):
    """The scores of a part. Intervals: 95 %, by bootstrap over subjects. Confusion: rows truth, columns predicted."""

    clips: int
    uf1: Share
    uar: Share
    accuracy: Share
    per_class: list[ClassScores]
    confusion: list[list[int]]
    intervals: dict[Literal["uf1", "uar", "accuracy"], tuple[Share, Share]]


class Record(Strict):
    """The outcome of a run, or of predictions handed in; the unit of publishing.

    Either `predictions` or, where the truth of clips may not be published, `subjects` has what was predicted; the other
    is empty. `scores` is policy -> part -> scores; None where a part has no clip of some class: its UF1 and UAR are not
    defined. `folds` is empty where nothing was run.
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
            raise ValueError("either predictions or subjects must have rows, and not both")
        return self

    @property
    def clips(self) -> int:
        """How many clips were predicted."""
        return len(self.predictions) or sum(one.clips for one in self.subjects)

    @property
    def complete(self) -> bool:
        """Whether every clip of the dataset was predicted; no other record is ranked."""
        return self.plan.folds == "*" and self.clips == self.plan.clips_total

    def to_json(self) -> str:
        """JSON with one prediction, subject or fold a line, so that a diff shows which clips changed.

        Last comes the digest of all the rest; a record of schema 1 has none.
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
