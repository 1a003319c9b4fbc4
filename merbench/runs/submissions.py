"""Imports predictions from a file as a scored record, without a release on disk."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from merbench.data.clips import clip_table, clips_digest, labels_digest
from merbench.data.datasets import canonical_clips
from merbench.data.people import by_person, same_people
from merbench.engine.policies import Policy
from merbench.errors import OptionError, OutputError, RecordError, and_more
from merbench.files import clear_partials, file_name
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Dataset
from merbench.protocols import Fold, ProtocolError, folds_digest, protocol_folds
from merbench.runs.clip_ids import ClipIds, SubmissionError, shown
from merbench.runs.environment import merbench_commit
from merbench.runs.logs import NAMED, Order, Predicted, is_subject_log, read_content, read_predicted
from merbench.runs.record import read_record
from merbench.runs.schema import PolicyPrediction, Prediction, Record, Submission, SubmissionDigests
from merbench.runs.scoring import clips_of, score_predictions, undefined_parts
from merbench.runs.store import write_whole
from merbench.runs.verify import check_scores

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Declaration", "default_path", "keep", "submit"]

LONGEST = 1900  # characters of a warning; a record allows 2000

NO_CLIPS = (
    "the log names no clips: the predictions of a subject and class were given to its clips in the order of the clip "
    "list; no score depends on this order"
)

# The limits of a record for the sender's own words.
WANTED = {
    "model": "1 to 200 characters on one line",
    "paper": "at most 2000 characters on one line",
    "link": "an address that begins with http:// or https://, of at most 500 characters",
}


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The sender's description of a file of predictions.

    Attributes:
        model: a name for the table.
        dataset: a dataset with a canonical clip list; empty for the one of most databases.
        protocol: empty for the dataset's own.
        order: order of the columns in a log.
        policy: how the epoch was chosen.
        paper, link: the paper to cite and an address to read more; may be empty.
    """

    model: str
    dataset: str = ""
    protocol: str = ""
    order: Order = "truth-prediction"
    policy: Policy | Literal["unknown"] = "unknown"
    paper: str = ""
    link: str = ""


def submit(path: Path, declared: Declaration, registry: Registry) -> Record:
    """Make a record of the predictions in a file. If clips are missing, the record is incomplete and has a warning.

    Raises:
        UnknownName: no dataset or protocol has that name.
        OptionError: a record cannot hold the name, paper or link.
        SubmissionError: the dataset has no canonical clip list, the file cannot be read, or the file has an unknown
            clip or class, a clip twice, or a truth that differs from the list.
    """
    name = declared.dataset or _widest(registry)
    spec = registry.datasets.get(name)
    clips, content = _canonical(spec, registry.datasets.origin(name).name), read_content(path)
    protocol = registry.protocols.get(declared.protocol or spec.protocol)
    groups = same_people(registry, spec.databases)
    folds = protocol_folds(registry, protocol.name, by_person(clips, groups))
    try:
        rows = read_predicted(content, ClipIds(clips, spec.name), declared.order)
        predicted = _predicted(rows, spec, clips, declared.order)
        notes = _notes(content, declared.policy)
    except SubmissionError as error:
        raise SubmissionError(f"{path}: {error}") from error
    predictions = _predictions(clips, folds, predicted, protocol.name)
    benchmark = {
        "model": declared.model,
        "dataset": spec.name,
        "protocol": protocol.name,
        "classes": list(spec.scheme.classes),
        "folds": "*",
        "clips_total": len(clips),
        "same_people": groups or None,
    }
    plan = _plan(benchmark, declared, hashlib.sha256(content).hexdigest(), _digests(predictions, clips, folds))
    return _record(plan, predictions, [clip for clip in clips["clip"] if clip not in predicted], notes)


def _notes(content: bytes, policy: str) -> list[str]:
    """Return what a reader of the record must know about the form of the file."""
    if not is_subject_log(content):
        return []
    if policy != "oracle":
        raise SubmissionError(
            "such a log has, for each subject, the epoch that did best on this subject; pass --declared-policy oracle"
        )
    return [NO_CLIPS]


def _widest(registry: Registry) -> str:
    """The dataset with a canonical clip list that has most databases; a wrong guess fails at the first clip."""
    listed = [dataset for dataset in registry.datasets if dataset.clip_list]
    if not listed:
        raise SubmissionError("no dataset has a canonical clip list to compare predictions with")
    return max(listed, key=lambda dataset: len(dataset.databases)).name


def _canonical(spec: Dataset, plugin: str) -> pd.DataFrame:
    listed = canonical_clips(spec, plugin)
    if listed is None:
        raise SubmissionError(
            f"{spec.name} has no canonical clip list to check predictions with; run the model itself: merbench run"
        )
    return clip_table(listed)


def default_path(record: Record) -> Path:
    """The default path of an imported record, in its own folder like that of a run."""
    words = (record.plan.model[:60], record.plan.dataset, record.plan.epoch_policy, record.id[:12])
    return Path("results") / file_name("-".join(words)) / "record.json"


def keep(record: Record, path: Path) -> Record:
    """Write a record, or return the existing record at `path` if it has the same id and predictions.

    Raises:
        OutputError: the path cannot be written, or another file exists there; no file is overwritten.
    """
    try:
        taken = path.exists()
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another place with --out") from error
    if not taken:
        write_whole(path, record.to_json())
        return record
    clear_partials(path.parent, below=False)  # as a write does: nothing is written now
    try:
        kept = read_record(path)
        check_scores(kept)
    except RecordError:
        kept = None
    if kept is None or (kept.id, kept.predictions) != (record.id, record.predictions):
        raise OutputError(f"{path} exists and has other content; remove it or choose another place with --out")
    return kept


def _predicted(rows: Sequence[Predicted], spec: Dataset, clips: pd.DataFrame, order: Order) -> dict[str, int]:
    """Map clips to predicted classes, after checking the classes and truths of the file."""
    classes = {name.lower(): index for index, name in enumerate(spec.scheme.classes)}
    classes |= {str(index): index for index in range(len(spec.scheme.classes))}  # an index wins over a class name
    unknown = [
        f"line {row.line}: {shown(text)} is not a class"
        for row in rows
        for text in (row.truth, row.predicted)
        if text is not None and text.lower() not in classes
    ]
    if unknown:
        names = ", ".join(f"{index} ({name})" for index, name in enumerate(spec.scheme.classes))
        raise SubmissionError(f"{_first(unknown)}; classes of {spec.name} are {names}")
    predicted = {row.clip: classes[row.predicted.lower()] for row in rows}
    truth = {row.clip: classes[row.truth.lower()] for row in rows if row.truth is not None}
    _check_truth({row.clip: row.line for row in rows}, truth, predicted, clips, order)
    return predicted


def _check_truth(
    lines: Mapping[str, int], truth: Mapping[str, int], predicted: Mapping[str, int], clips: pd.DataFrame, order: Order
) -> None:
    canonical = dict(zip(clips["clip"], clips["label"], strict=True))
    differing = [
        f"line {lines[clip]}: {clip} has truth {label}, but the clip list says {canonical[clip]}"
        for clip, label in truth.items()
        if label != canonical[clip]
    ]
    if not differing:
        return
    if all(label == canonical[clip] for clip, label in predicted.items()):
        other = "prediction-truth" if order == "truth-prediction" else "truth-prediction"
        raise SubmissionError(
            f"{_first(differing)}; the other column always agrees, so the columns look swapped: pass --order {other}"
        )
    raise SubmissionError(f"{_first(differing)}; correct the log, or give a CSV of clip,prediction without truth")


def _first(faults: Sequence[str]) -> str:
    return and_more(faults, NAMED, "; ")


def _predictions(
    clips: pd.DataFrame, folds: Sequence[Fold], predicted: Mapping[str, int], protocol: str
) -> list[Prediction]:
    """Make predictions in the order of the canonical list."""
    fold_of = {clips["clip"].iloc[position]: fold.name for fold in folds for position in fold.test}
    untested = [clip for clip in predicted if clip not in fold_of]
    if untested:
        raise ProtocolError(f"protocol {protocol} never tests {_first(untested)}")
    return [
        Prediction(
            clip=clip,
            fold=fold_of[clip],
            truth=int(label),
            policies={"submitted": PolicyPrediction(predicted=predicted[clip], scores=[])},
        )
        for clip, label in zip(clips["clip"], clips["label"], strict=True)
        if clip in predicted
    ]


def _digests(predictions: Sequence[Prediction], clips: pd.DataFrame, folds: Sequence[Fold]) -> SubmissionDigests:
    covered = clips_of(predictions)
    return SubmissionDigests(
        clips=clips_digest(covered), labels=labels_digest(covered), folds=folds_digest(clips, folds)
    )


def _plan(benchmark: dict[str, Any], declared: Declaration, source: str, digests: SubmissionDigests) -> Submission:
    try:
        return Submission(
            **benchmark,
            kind="rescored",
            epoch_policy="submitted",
            declared_policy=declared.policy,
            paper=declared.paper,
            link=declared.link,
            source=source,
            digests=digests,
        )
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        if field not in WANTED:
            raise
        raise OptionError(f"--{field}: must be {WANTED[field]}, not {shown(getattr(declared, field))}") from error


def _record(plan: Submission, predictions: list[Prediction], missing: Sequence[str], notes: Sequence[str]) -> Record:
    scores = score_predictions(predictions, plan.classes, plan.groups)
    # Two sentences, because a record published without clips keeps only the first.
    lacking = [f"{len(missing)} of {plan.clips_total} clips have no prediction: not ranked", _names(missing)]
    return Record(
        id=plan.digest(),
        plan=plan,
        environment={
            "merbench": {"version": importlib.metadata.version("merbench"), "commit": merbench_commit()},
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        },
        predictions=predictions,
        scores=scores,
        folds=[],  # nothing was run
        warnings=[*(lacking if missing else []), *notes, *undefined_parts(scores)],
    )


def _names(clips: Sequence[str]) -> str:
    text = f"no prediction for {', '.join(clips)}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rpartition(', ')[0]}, and more"
