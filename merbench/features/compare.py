"""Compares a flow that a release holds with the same feature computed from videos, clip by clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.data.datasets import OpenDataset, open_dataset
from merbench.data.homes import Home, dataset_homes, lacking
from merbench.errors import BrokenClips, ReleaseError, UnresolvableFeature
from merbench.features.compute import compute
from merbench.features.resolve import Resolved, resolve, split_reference
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Feature
from merbench.progress import Progress

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ClipDifference", "Comparison", "FlowPair", "compare_flows", "flow_pair"]

ASKER = "this command"
VECTOR = ("u", "v")  # the channels of a flow


@dataclass(frozen=True)
class FlowPair:
    """A feature that one home of a dataset holds as released, and another home computes.

    Attributes:
        feature: its spec, with channels `u` and `v`.
        reference: of the computed one, `name@variant`.
        released, own: the homes.
    """

    feature: Feature
    reference: str
    released: Home
    own: Home


@dataclass(frozen=True)
class ClipDifference:
    """How far the two flows of one clip are apart.

    Attributes:
        clip, database: of the clip.
        endpoint: mean over the pixels of the length of the difference of (u, v), in the feature's unit.
        others: channel beside u and v -> mean absolute difference, in its unit.
        correlations: channel -> correlation over the pixels, which no shift or scale changes; 0 for a constant channel.
    """

    clip: str
    database: str
    endpoint: float
    others: dict[str, float]
    correlations: dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """Both flows of every clip.

    Attributes:
        pair: what was compared.
        clips: the differences, in the order of the dataset.
        dataset: the release, with only these clips.
        released, own: the flows, `[clips, channels, ...]`, in the same order.
        broken: clips that were left out because their files are broken → reason.
        relabelled: those of the clips whose class is another one in the videos than in the release.
    """

    pair: FlowPair
    clips: tuple[ClipDifference, ...]
    dataset: OpenDataset
    released: np.ndarray
    own: np.ndarray
    broken: dict[str, str]
    relabelled: tuple[str, ...]


def flow_pair(registry: Registry, dataset: str, reference: str = "") -> FlowPair:
    """Find the flow that can be compared, and check that both homes are on this machine.

    Args:
        registry: where names are looked up.
        dataset: its name.
        reference: the feature, `name` or `name@variant`; empty for the first that both homes have.

    Raises:
        UnknownName: no dataset or source has that name.
        OptionError: the feature has no such variant.
        UnresolvableFeature: no flow of the dataset is both released and computable.
        ReleaseError: a release is not on this machine; the line says what to get.
    """
    name, variant = split_reference(reference)
    wanted = [name] if name else [one.name for one in registry.features]
    homes = dataset_homes(registry, dataset)
    pairs = [pair for one in wanted for pair in _pairs(registry, dataset, one, variant, homes)]
    if not pairs:
        what = reference or f"feature with the channels {' and '.join(VECTOR)}"
        raise UnresolvableFeature(
            f"no {what} of {dataset} is both released and computed from videos; "
            "choose a dataset with a flow release and videos (merbench list datasets)"
        )
    here = [pair for pair in pairs if not pair.released.absent and not pair.own.absent]
    if not here:
        absent = [*pairs[0].released.absent, *pairs[0].own.absent]
        raise ReleaseError(f"compare-flow reads the release and the videos of {dataset}; {lacking(absent[0])}")
    return here[0]


def _pairs(registry: Registry, dataset: str, name: str, variant: str, homes: Sequence[Home]) -> Iterator[FlowPair]:
    if name not in registry.features.names():
        return
    spec = registry.features.get(name)
    if not set(VECTOR) <= set(spec.channels):
        return
    for released in (home for home in homes if name in home.provides):
        for own in (home for home in homes if name not in home.provides):
            try:
                computed = resolve(f"{name}@{variant}" if variant else name, registry, own.provides, dataset, ASKER)
            except UnresolvableFeature:
                continue
            chosen = f"{name}@{computed.variant}" if computed.variant else name
            yield FlowPair(spec, chosen, released, own)


def compare_flows(
    registry: Registry,
    dataset: str,
    pair: FlowPair,
    *,
    skip_broken: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare every clip that both homes have.

    Args:
        registry: where names are looked up.
        dataset: its name.
        pair: what is compared, from `flow_pair`.
        skip_broken: leave out clips with broken files instead of stopping.
        jobs: number of processes; None for one per core.
        progress: receives the clips whose features are computed.

    Raises:
        ReleaseError: a release is faulty, or the homes share no clip.
        BrokenClips: clips cannot be read or have no face, and `skip_broken` is not set.
        PluginError: a feature function fails.
    """
    released, own = (open_dataset(registry, dataset, home) for home in (pair.released, pair.own))
    computed = resolve(pair.reference, registry, own.provides, dataset, ASKER)
    released = _only(released, own)
    released, theirs, unread = _flows(released, Resolved(pair.feature.name), skip_broken, jobs, None)
    own, ours, uncomputed = _flows(_only(own, released), computed, skip_broken, jobs, progress)
    kept = _only(released, own)
    clips = list(kept.clips["clip"])
    theirs, ours = theirs[_places(clips, released)], ours[_places(clips, own)]
    found = [
        _difference(clip, database, first, second, pair.feature.channels)
        for clip, database, first, second in zip(clips, kept.clips["database"], theirs, ours, strict=True)
    ]
    relabelled = _relabelled(kept, own)
    return Comparison(pair, tuple(found), kept, theirs, ours, {**unread, **uncomputed}, relabelled)


def _only(dataset: OpenDataset, other: OpenDataset) -> OpenDataset:
    """The dataset with only those clips that the other one has too."""
    kept = set(other.clips["clip"])
    left = dataset.without([clip for clip in dataset.clips["clip"] if clip not in kept])
    if left.clips.empty:
        raise ReleaseError(f"the release and the videos of {dataset.spec.name} share no clip")
    return left


def _flows(
    dataset: OpenDataset, feature: Resolved, skip_broken: bool, jobs: int | None, progress: Progress | None
) -> tuple[OpenDataset, np.ndarray, dict[str, str]]:
    """The dataset without its broken clips, the flow of the others, and the reasons of the broken ones."""
    broken: dict[str, str] = {}
    try:
        (flows,) = compute(dataset, [feature], jobs=jobs, progress=progress)
    except BrokenClips as error:
        if not skip_broken or len(error.reasons) == len(dataset.clips):
            raise
        broken, dataset = error.reasons, dataset.without(error.reasons)
        (flows,) = compute(dataset, [feature], jobs=jobs, progress=progress)
    return dataset, flows, broken


def _places(clips: Sequence[str], dataset: OpenDataset) -> list[int]:
    """The rows of these clips in the dataset."""
    places = {clip: place for place, clip in enumerate(dataset.clips["clip"])}
    return [places[clip] for clip in clips]


def _relabelled(released: OpenDataset, own: OpenDataset) -> tuple[str, ...]:
    labels = dict(zip(own.clips["clip"], own.clips["label"], strict=True))
    pairs = zip(released.clips["clip"], released.clips["label"], strict=True)
    return tuple(clip for clip, label in pairs if labels[clip] != label)


def _difference(
    clip: str, database: str, released: np.ndarray, own: np.ndarray, channels: Sequence[str]
) -> ClipDifference:
    import numpy as np

    a, b = (dict(zip(channels, one.astype(np.float64), strict=True)) for one in (released, own))
    apart = {name: np.abs(a[name] - b[name]) for name in channels}
    return ClipDifference(
        clip=clip,
        database=database,
        endpoint=float(np.hypot(*(apart[name] for name in VECTOR)).mean()),
        others={name: float(values.mean()) for name, values in apart.items() if name not in VECTOR},
        correlations={name: _correlation(a[name], b[name]) for name in channels},
    )


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    import numpy as np

    a, b = a - a.mean(), b - b.mean()
    lengths = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / lengths) if lengths else 0.0
