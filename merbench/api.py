"""merbench from Python: run a model, read a record, score predictions, compare two records.

    import merbench

    record = merbench.run(model="flow-lr", dataset="demo")
    print(merbench.scores_table([record]))

`merbench run` takes the same steps, and `merbench results` reads records with the same function. Importing this module
is fast; heavy libraries load on the first call.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from merbench.errors import RecordError

if TYPE_CHECKING:
    import pandas as pd

    from merbench.engine.policies import Policy
    from merbench.plugin.registry import Registry
    from merbench.progress import Progress
    from merbench.runs.predict import Answer
    from merbench.runs.schema import AnyPolicy, Record
    from merbench.scores import Metric, PairedTest, Scores

__all__ = ["compare", "predict", "read_record", "run", "score", "scores_table"]


def run(
    *,
    model: str,
    dataset: str,
    protocol: str = "",
    recipe: str = "",
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    precision: Literal["fp32", "tf32", "bf16"] = "fp32",
    compiled: bool = False,
    epoch_policy: Policy = "last",
    folds: str = "*",
    weights: Path | None = None,
    jobs: int | None = None,
    executor: str = "local",
    skip_broken: bool = False,
    out: Path | str = "results",
    fresh: bool = False,
    keep_weights: bool = False,
    plugins: Sequence[Path | str] = (),
    progress: Progress | None = None,
) -> Record:
    """Train and test a model fold by fold, like `merbench run`.

    Finished folds are kept under `out`. The same call continues an interrupted run, and returns the record of a
    finished run at once.

    Args:
        model, dataset: names, as printed by `merbench list`.
        protocol: empty for the dataset's own.
        recipe: empty for the model's first.
        settings: recipe settings, model options and feature variants, as in `--set`.
        seed: at least 0.
        device, precision: the device and precision of networks.
        compiled: whether `torch.compile` compiles the network.
        epoch_policy: the policy to show first.
        folds: shell pattern; only folds with a matching name are run.
        weights: folder of checkpoints, one for each fold, to test without training.
        jobs: number of processes or threads that compute features and train, at most; None for one per core.
        executor: where the folds are computed, with its options, as in `--executor`.
        skip_broken: leave broken clips out instead of stopping. The record says so and is not ranked.
        out: folder of results, in which the run gets its own folder.
        fresh: start over, and remove the files of the same run.
        keep_weights: save the network of each fold, for `predict`.
        plugins: .py files to load besides the installed plugins.
        progress: follows the work; None for no output.

    Raises:
        MerbenchError: a name is unknown, data are missing or broken, training fails, or a file cannot be written.
    """
    from merbench.runs.changes import as_text
    from merbench.runs.executors import open_executor
    from merbench.runs.prepare import Request, prepare
    from merbench.runs.run import run as run_job

    request = Request(
        model=model,
        dataset=dataset,
        protocol=protocol,
        recipe=recipe,
        settings=[f"{name}={as_text(value)}" for name, value in (settings or {}).items()],
        seed=seed,
        device=device,
        precision=precision,
        compiled=compiled,
        epoch_policy=epoch_policy,
        folds=folds,
        weights=weights,
        jobs=jobs,
        skip_broken=skip_broken,
    )
    registry = _loaded(plugins)
    runner = open_executor(registry, executor)
    job = prepare(registry, request, progress)
    record, _ = run_job(job, Path(out), fresh=fresh, keep_weights=keep_weights, runner=runner, progress=progress)
    return record


def predict(
    weights: Path | str,
    clip: Path | str,
    *,
    onset: int | None = None,
    apex: int | None = None,
    page: Path | str | None = None,
    plugins: Sequence[Path | str] = (),
) -> Answer:
    """Ask the models of a run about a clip of your own, like `merbench predict`.

    The answer is no diagnosis and no lie detector; its `notes` say what is known about it. A run has its networks only
    if it was told to keep them (`keep_weights`). Estimators are fitted again, on the dataset of the run.

    Args:
        weights: the record of a run, its folder, or one of its files of weights.
        clip: a video (mp4, avi), whose first frame is 1, or a folder of images with numbers in their names.
        onset: frame number; None for the first frame.
        apex: frame number; None if it is not known, then models look for it.
        page: HTML file to write, with the answer and pictures of what the models saw; None for no file.
        plugins: .py files to load besides the installed plugins.

    Raises:
        MerbenchError: the clip cannot be read, has no face or does not have these frames; the weights are missing,
            damaged or of another plan; or the model's code has changed since.
    """
    from merbench.preview.write import write_answer
    from merbench.runs.predict import predict as ask

    given = ask(_loaded(plugins), Path(weights), Path(clip), onset, apex)
    if page is not None:
        write_answer(Path(page), given)
    return given.answer


def read_record(path: Path | str) -> Record:
    """Read a record file, check it against the schema, and recompute its scores from its predictions.

    Raises:
        RecordError: the file cannot be read, is not a record, or has scores that do not follow from its predictions.
    """
    from merbench.runs.record import read_record as read
    from merbench.runs.verify import check_scores

    record = read(Path(path))
    check_scores(record)
    return record


def score(
    truth: Sequence[Hashable],
    predicted: Sequence[Hashable],
    subjects: Sequence[str],
    *,
    classes: Sequence[Hashable] | None = None,
) -> Scores:
    """Compute UF1, UAR and accuracy of predictions pooled over all folds, with 95 % intervals over subjects.

    Args:
        truth, predicted: `[clips]` class names or indices.
        subjects: `[clips]` the subject of each clip.
        classes: all classes, in the order of the scores per class; None for the classes that occur, sorted.

    Raises:
        InvalidPredictions: the arguments differ in length, are empty, or have a class that is not in `classes`.
        MissingClass: a class is the truth of no clip, so its recall is undefined.
    """
    from merbench.scores import InvalidPredictions
    from merbench.scores import score as score_indices

    known = (
        list(classes) if classes is not None else sorted({*truth, *predicted}, key=lambda one: (str(type(one)), one))
    )
    index = {name: place for place, name in enumerate(known)}
    if unknown := [name for name in (*truth, *predicted) if name not in index]:
        raise InvalidPredictions(f"{unknown[0]!r} is not one of the classes {', '.join(map(repr, known))}")
    rows, columns = ([index[name] for name in labels] for labels in (truth, predicted))
    return score_indices(rows, columns, subjects, len(known))


def compare(a: Record, b: Record, *, metric: Metric = "uf1", policy: AnyPolicy | None = None) -> PairedTest:
    """Test whether the scores of records a and b differ on the same clips, with a paired test over subjects.

    Args:
        a, b: records with the same clips and classes.
        metric: `uf1`, `uar` or `accuracy`.
        policy: the epoch policy of both; None for the policy that each record shows first.

    Raises:
        RecordError: the records have different clips or classes, or a record does not have the policy.
        InvalidPredictions: the metric has another name.
    """
    from merbench.runs.scoring import count
    from merbench.scores import compare_confusions

    if a.plan.classes != b.plan.classes:
        raise RecordError(f"the records have different classes: {a.plan.classes} and {b.plan.classes}")
    if a.plan.digests.clips != b.plan.digests.clips or a.plan.digests.labels != b.plan.digests.labels:
        raise RecordError("the records have different clips or labels; compare records of the same dataset")
    counts = [(count(record), policy or record.plan.epoch_policy) for record in (a, b)]
    for counted, wanted in counts:
        if wanted not in counted.confusions:
            raise RecordError(f"a record has no policy {wanted}, only {', '.join(counted.confusions)}")
    first, second = (counted.confusions[wanted] for counted, wanted in counts)
    return compare_confusions(first[None], second[None], metric=metric)


def scores_table(records: Iterable[Record]) -> pd.DataFrame:
    """Make a table of scores, with one row for each record, epoch policy and part.

    Columns: id, model, recipe, dataset, protocol, seed, policy, part, clips, uf1, uf1_low, uf1_high, uar, uar_low,
    uar_high, accuracy. Rates are in [0, 1]; low and high are the ends of the 95 % interval over subjects. A part that
    lacks a class has no scores (NaN). Imported predictions have no recipe and no seed.
    """
    import pandas as pd

    from merbench.runs.record import under_current_names

    registry = _loaded(())
    return pd.DataFrame(
        [
            {**run_columns(record), "policy": policy, "part": part, **_score_columns(scores)}
            for record in (under_current_names(record, registry) for record in records)
            for policy, parts in record.scores.items()
            for part, scores in parts.items()
        ]
    )


def run_columns(record: Record) -> dict[str, Any]:
    """What names a run in a table; imported predictions have no recipe and no seed."""
    plan = record.plan
    return {
        "id": record.id,
        "model": plan.model,
        "recipe": None if plan.kind == "rescored" else plan.recipe,
        "dataset": plan.dataset,
        "protocol": plan.protocol,
        "seed": None if plan.kind == "rescored" else plan.seed,
    }


def _score_columns(scores: Any) -> dict[str, Any]:
    if scores is None:
        return {}
    ends = {
        f"{metric}_{end}": scores.intervals[metric][place]
        for metric in ("uf1", "uar")
        for place, end in enumerate(("low", "high"))
    }
    return {"clips": scores.clips, "uf1": scores.uf1, "uar": scores.uar, "accuracy": scores.accuracy, **ends}


def _loaded(files: Sequence[Path | str]) -> Registry:
    from merbench.plugin.loading import load
    from merbench.plugin.registry import Registry

    return Registry(load(files=[Path(file) for file in files]))
