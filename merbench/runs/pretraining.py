"""Other datasets on which a recipe pre-trains, none of which may show a person of the test side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from merbench.data.clips import clips_digest, labels_digest
from merbench.data.datasets import OpenDataset, open_dataset
from merbench.data.homes import Home
from merbench.data.people import same_people
from merbench.errors import OptionError, and_more
from merbench.features.compute import arrays_digest
from merbench.features.resolve import Resolved, resolve_dataset
from merbench.plugin.registry import Registry
from merbench.plugin.training import Training
from merbench.runs.schema import Pretraining

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Other", "open_others"]

NAMED = 3  # subjects in an error, before "and n more"


@dataclass(frozen=True)
class Other:
    """A dataset to pre-train on; `arrays` has one array `[clips, ...]` per feature once they are computed."""

    dataset: OpenDataset
    home: Home
    features: list[Resolved]
    arrays: tuple[np.ndarray, ...] = ()

    def read(self, dataset: OpenDataset, arrays: tuple[np.ndarray, ...], wanted: Sequence[np.ndarray]) -> Other:
        """The same with its features, and perhaps without broken clips.

        Raises:
            OptionError: the arrays of a clip do not have the shape of those of the run, `wanted`.
        """
        for one, found, other in zip(self.features, arrays, wanted, strict=True):
            if found.shape[1:] != other.shape[1:]:
                shapes = f"{list(found.shape[1:])} in {dataset.spec.name}, but {list(other.shape[1:])} in the run"
                raise OptionError(f"{one.name} has the shape {shapes}; pre-train on a dataset with the same shape")
        return replace(self, dataset=dataset, arrays=arrays)

    @property
    def training(self) -> Training:
        """What a fit gets of it."""
        clips = self.dataset.clips
        return Training(
            arrays=self.arrays,
            labels=clips["label"].to_numpy(np.int64, copy=True),
            subjects=clips["subject"].factorize()[0].astype(np.int64),
            classes=len(self.dataset.spec.scheme.classes),
        )

    @property
    def planned(self) -> Pretraining:
        """What the plan of the run says of it."""
        clips = self.dataset.clips
        return Pretraining(
            dataset=self.dataset.spec.name,
            databases=sorted(set(clips["database"])),
            clips=len(clips),
            subjects=clips["subject"].nunique(),
            features=[str(one) for one in self.features],
            clips_digest=clips_digest(clips),
            labels_digest=labels_digest(clips),
            data_digest=arrays_digest(self.arrays),
        )


def open_others(
    registry: Registry, names: Sequence[str], features: Sequence[str], asker: str, tested: pd.DataFrame
) -> list[Other]:
    """Open the datasets `names`, with the same features as the run.

    Args:
        registry: finds names.
        names: of datasets.
        features: references of features.
        asker: the model's name, for errors.
        tested: the rows of the clip table that are on any test side.

    Raises:
        OptionError: a dataset shows a person of the test side.
        MerbenchError: a dataset or feature does not exist, or is not on this machine.
    """
    others = []
    for name in names:
        home, resolved = resolve_dataset(features, registry, name, asker)
        dataset = open_dataset(registry, name, home)
        if leak := _leak(registry, dataset.clips, tested):
            raise OptionError(
                f"{asker} cannot pre-train on {name}: {leak}; name a dataset without people of the test side"
            )
        others.append(Other(dataset, home, resolved))
    return others


def _leak(registry: Registry, clips: pd.DataFrame, tested: pd.DataFrame) -> str:
    """Say which people of the test side these clips show, to complete "it cannot be used: ..."; empty if none."""
    if shared := sorted(set(clips["subject"]) & set(tested["subject"])):
        return f"it has {len(shared)} subjects that are tested ({and_more(shared, NAMED)})"
    for database in sorted(set(clips["database"])):
        for other in sorted(set(tested["database"])):
            if same_people(registry, (database, other)):
                return f"its {database} and the tested {other} show the same people"
    return ""
