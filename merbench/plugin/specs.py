"""Specs: the frozen descriptions that hooks return. They name heavy code by `"module:attribute"`, never import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from merbench.plugin.labels import LabelScheme

__all__ = [
    "API",
    "Claim",
    "Dataset",
    "EstimatorModel",
    "Executor",
    "Feature",
    "FitModel",
    "Kind",
    "Model",
    "ModelFamily",
    "Protocol",
    "Recipe",
    "Source",
    "Spec",
    "TorchModel",
    "former_names",
]

Claim = Literal["as published", "shortened", "own settings", "baseline"]  # what a recipe says that it is
Kind = Literal["torch", "estimator", "fit"]  # who trains a model: the engine, an estimator, or the author's own loop

API = 1  # increased when a spec changes in a way that affects plugins


@dataclass(frozen=True, kw_only=True)
class Source:
    """A release of one or more databases, as its authors ship it on disk.

    Attributes:
        name: e.g. `htnet-release`.
        reader: target of a `merbench.SourceReader` subclass.
        provides: names of the raw features that the reader reads, e.g. `("flow-28", "landmarks-28")`.
        databases: the databases in it, e.g. `("smic", "casme2", "samm")`.
        same_people: databases of other sources that show the same people, such as other cameras of one recording. They
            must give a person the same name: in a dataset that has two of them, subjects of one name are one person,
            who is on one side of every fold and counts once. Such a source has one database.
        obtain: what to get and from where, to complete the sentence "get ...".
        embedded: True if the release needs no files (generated data); the reader then gets `root=None`.
        about: one line for `merbench list`.
    """

    name: str
    reader: str
    provides: tuple[str, ...]
    databases: tuple[str, ...]
    same_people: tuple[str, ...] = ()
    obtain: str = ""
    embedded: bool = False
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What is benchmarked: sources, a label scheme and, if the field has one, the canonical clip list.

    Attributes:
        name: e.g. `composite`.
        sources: names of the sources that it reads; all of them are needed.
        databases: the databases to keep; clips of others are left out.
        scheme: the label scheme.
        clip_list: target of a function `() -> pandas.DataFrame` with columns clip, database, subject, label: exactly
            these clips, in this order. Empty: every clip to which the scheme gives a class.
        protocol: name of the default protocol of `merbench run`.
        alternatives: other sets of sources with the same clips. Tried in order after `sources`; the first set that is
            installed and provides the required raw features is read. Clips of an alternative that are not in the clip
            list are silently left out.
        public_labels: whether anyone may see the class of a clip. Records on any other dataset are published with each
            subject's counts instead of its clips.
        title: name on pages, e.g. `MEGC2019 composite`; empty for `name`.
        titles: names on pages of its databases, e.g. `{"casme2": "CASME II"}`.
        about: one line for `merbench list`.
    """

    name: str
    sources: tuple[str, ...]
    databases: tuple[str, ...]
    scheme: LabelScheme
    clip_list: str = ""
    protocol: str = "loso-per-database"
    alternatives: tuple[tuple[str, ...], ...] = ()
    public_labels: bool = False
    title: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What a model sees of a clip: a named, versioned function from other features to an array.

    Attributes:
        name: e.g. `htnet-regions`.
        function: target of a function that takes one array per input (in the order of `inputs`), and the keyword
            `variant` if there are variants. It returns one array, with the same shape for every clip.
        inputs: names of the features that it is computed from.
        variants: named ways of computing it; the first is the default. `name@variant` selects one.
        version: increased when the function's result changes.
        mirror: target of a function that takes a float32 tensor `[batch, ...]` of clips and returns the feature of the
            mirrored clips. Empty: recipes cannot flip it.
        drawing: target of a function that returns a picture of it, uint8 `[height, width, 3]`, for `merbench data
            preview`. It takes the feature's array (or its `Frames`), then the arrays of its inputs, and the keyword
            `variant` like `function`; for a feature that a source provides, only the array. Empty: it is not drawn.
        channels: what the first axis of its array holds, e.g. `("strain", "v", "u")`; empty if it has no names. A
            feature with `u` and `v` can be compared by `merbench data compare-flow`.
        shape: shape of its array in the default variant, e.g. `(3, 28, 28)`: `merbench plugin check` draws toy clips
            of this shape for the models that see it. Empty if it is images, or not known.
        about: one line for `merbench list`.
    """

    name: str
    function: str
    inputs: tuple[str, ...]
    variants: tuple[str, ...] = ()
    version: int = 1
    mirror: str = ""
    drawing: str = ""
    channels: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A named set of training settings. An `EstimatorModel` only uses `options` and `features`; a `FitModel` also uses
    `pretrain`.

    Attributes:
        optimizer: `adam`, `adamw` or `sgd` of `torch.optim`.
        lr: learning rate; with a schedule, the largest.
        weight_decay, momentum: as in `torch.optim`; only SGD has momentum.
        decay_vectors: whether weight decay acts on parameters with fewer than two axes too (biases, norms).
        layer_decay: in (0, 1]; the learning rate of a layer is this times the rate of the next layer. The network then
            needs a method `layer_of(parameter_name) -> int`, counted from the input.
        batch_size: clips in a step; the last step of an epoch may have fewer.
        epochs: passes over the training clips.
        order: `shuffled` in every epoch; `balanced`, as many draws with replacement, so that every class is equally
            likely; `by-class` (class 0 first, clip order within a class), like scripts that read one folder after
            another without shuffling; `clip` for the order of the clip table.
        schedule: `constant`; `one-cycle` (torch's OneCycleLR defaults, over all steps; it sets momentum too, so SGD's
            own momentum has no effect); `step`, times `decay` after every `decay_every` epochs; or `cosine`, to 0
            after the last step.
        decay, decay_every, decay_epochs: of `step`; after `decay_epochs` epochs the rate stays (0: never).
        warmup_epochs: epochs in which the rate grows linearly from 0, before the epochs of `constant`, `step` or
            `cosine`.
        class_weights: `none`, or `balanced`: each clip's loss has the weight clips / (classes x clips of its class) on
            the fold's training side, and a step's loss is the weighted mean.
        focal: exponent of the focal loss (Lin et al., 2017), at least 0; 0 is plain cross-entropy.
        label_smoothing: in [0, 1), as in `torch.nn.functional.cross_entropy`.
        mixup: at least 0; above 0, a step's clips are mixed in pairs, with a share drawn from Beta(mixup, mixup).
        flip: probability in [0, 1] that a clip is mirrored (`Feature.mirror`).
        rotation: degrees in [0, 180]; a clip's images are turned by at most this angle in either direction.
        crop_padding: pixels; images are padded with zeros of this width and cut to their size at a random place.
            Flip, rotation and place are drawn for every clip in every epoch, and are the same for all of its images;
            the vectors of a flow are mirrored but not turned.
        standardize: subtract the mean and divide by the standard deviation of each channel (axis 1 of a batch) on the
            fold's training clips.
        options: keyword arguments of the network, estimator or fit.
        features: features that replace those of the model.
        pretrain: names of other datasets that a `FitModel` pre-trains on. Its fit gets them with the same features as
            `Training.pretraining`. No person of a test side may be in them.
        about: where the settings come from.
        claim: what the settings are: `as published` by the model's authors; `shortened` from those, for less time;
            `own settings`; or `baseline`, of a model that others are compared with. Boards show it.
        formerly: names that the recipe had before, the oldest first. A record that has such a name and the recipe's
            settings is shown under the present name, even if another recipe has the old name now.
    """

    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.0
    decay_vectors: bool = True
    layer_decay: float = 1.0
    batch_size: int = 64
    epochs: int = 100
    order: Literal["shuffled", "balanced", "by-class", "clip"] = "shuffled"
    schedule: Literal["constant", "one-cycle", "step", "cosine"] = "constant"
    decay: float = 1.0
    decay_every: int = 1
    decay_epochs: int = 0
    warmup_epochs: int = 0
    class_weights: Literal["none", "balanced"] = "none"
    focal: float = 0.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    flip: float = 0.0
    rotation: float = 0.0
    crop_padding: int = 0
    standardize: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    pretrain: tuple[str, ...] = ()
    about: str = ""
    claim: Claim = "own settings"
    formerly: tuple[str, ...] = ()
    api: int = API


@dataclass(frozen=True, kw_only=True)
class TorchModel:
    """A network that the engine trains.

    Attributes:
        name: e.g. `htnet`.
        network: target of an `nn.Module` class, or of a function that returns a module, called as
            `network(classes=n, **options)`. Its `forward` takes one float32 tensor `[batch, ...]` per feature, in the
            order of `features`, and returns logits `[batch, classes]`.
        features: names of the features that it sees (`name` or `name@variant`).
        recipes: by name; the first is the default.
        parameters: number of parameters that the default recipe trains with 3 classes; None if not counted.
        training_loss: target of a function `(outputs, labels, weights, **options) -> loss` that replaces the recipe's
            loss. Its options are options of the model, as those of the network are; one that both name goes to both.
            `outputs` is what `forward` returned in training mode: logits, or a tuple whose first element is the logits
            and whose others only the loss sees. `labels` `[batch]` int64; `weights` `[batch]` float32: 1, or the
            recipe's class weight, and 0 for a clip that only fills up the batch. The loss is a float32 tensor without
            axes. A loss that gives clips of weight 0 a say trains one fold at a time. Empty: the recipe's loss.
        with_paths: target of a function `(options) -> options` that replaces a word for a file, such as `true` for
            weights from a hub, by its path. It is called once, before the run's plan is made, because the plan
            contains files by name and digest. Empty: options are used unchanged.
        paper: what to cite.
        title: name on pages, e.g. `HTNet`; empty for `name`.
        about: one line for `merbench list`.
    """

    kind: ClassVar[Kind] = "torch"
    given: ClassVar[tuple[str, ...]] = ("classes",)

    name: str
    network: str
    features: tuple[str, ...]
    recipes: Mapping[str, Recipe]
    parameters: int | None = None
    training_loss: str = ""
    with_paths: str = ""
    paper: str = ""
    title: str = ""
    about: str = ""
    api: int = API

    @property
    def target(self) -> str:
        """The code that builds the model."""
        return self.network


@dataclass(frozen=True, kw_only=True)
class EstimatorModel:
    """Anything with scikit-learn's `fit` and `predict`.

    Attributes:
        name: e.g. `flow-lr`.
        estimator: target of a callable, called as `estimator(**options)`, that returns an unfitted estimator. Its `fit`
            gets `X` `[clips, ...]` (one feature unchanged; several flattened and joined) and `y` `[clips]` int64. If
            `fit` has an argument named `groups`, it also gets a number for the subject of each clip, `[clips]` int64.
        features: names of the features that it sees; empty for a model that uses only labels.
        recipes: by name; the first is the default; only `options` and `features` are read.
        paper: what to cite.
        title: name on pages, e.g. `Bi-WOOF`; empty for `name`.
        about: one line for `merbench list`.
    """

    kind: ClassVar[Kind] = "estimator"
    given: ClassVar[tuple[str, ...]] = ("classes",)

    name: str
    estimator: str
    features: tuple[str, ...]
    recipes: Mapping[str, Recipe] = field(default_factory=lambda: {"default": Recipe()})
    paper: str = ""
    title: str = ""
    about: str = ""
    api: int = API

    @property
    def target(self) -> str:
        """The code that builds the model."""
        return self.estimator


@dataclass(frozen=True, kw_only=True)
class FitModel:
    """A model with a training loop of its own.

    Attributes:
        name: e.g. `my-distilled`.
        fit: target of a function that trains on one fold, called as `fit(training, seed=, device=, report=,
            **options)`. `training` is a `merbench.Training`; `seed` is an int in [0, 2**32); `device` is `cpu`, `cuda`
            or `mps`. It returns a predictor: a function that takes one float32 array `[clips, ...]` per feature, and
            returns finite class scores `[clips, classes]`, as logits or probabilities. A `torch.nn.Module` is a
            predictor too: it gets tensors on its device, in evaluation mode and without gradients, and `fit` finds it
            in the mode in which it was. After each epoch it may call
            `report(predictor, loss=)` with the mean training loss: then the epoch policies `inner` and `oracle` exist,
            and what it returns counts as the last epoch. It reports the same number of epochs on every fold.
        features: names of the features that it sees (`name` or `name@variant`).
        predictor: target of an `nn.Module` class, or of a function that returns a module, called as
            `predictor(classes=n, **options)` with those options of `fit` that it names. It builds untrained what `fit`
            returns, with the same tensors, so that `--keep-weights` keeps it. Empty: weights cannot be kept.
        recipes: by name; the first is the default; only `options`, `features` and `pretrain` are read.
        paper: what to cite.
        title: name on pages; empty for `name`.
        about: one line for `merbench list`.
    """

    kind: ClassVar[Kind] = "fit"
    given: ClassVar[tuple[str, ...]] = ("training", "seed", "device", "report")

    name: str
    fit: str
    features: tuple[str, ...]
    predictor: str = ""
    recipes: Mapping[str, Recipe] = field(default_factory=lambda: {"default": Recipe()})
    paper: str = ""
    title: str = ""
    about: str = ""
    api: int = API

    @property
    def target(self) -> str:
        """The code that trains the model."""
        return self.fit


@dataclass(frozen=True, kw_only=True)
class ModelFamily:
    """Models from one origin that are too many to register one by one; each is called `family:member`.

    Attributes:
        name: of the family, e.g. `timm`.
        member: target of a function `(name) -> model`, called with the part after the colon; the model is a spec
            with the whole name. For an unknown part, the function raises `merbench.OptionError` with the nearest
            names.
        members: target of a function `(pattern) -> list of names` (the parts after the colon) that match the
            shell pattern.
        paper: what to cite for every member.
        about: one line for `merbench list`.
    """

    name: str
    member: str
    members: str
    paper: str = ""
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How clips are split into folds.

    Attributes:
        name: e.g. `loso`.
        splitter: target of a `merbench.Splitter` subclass, called without arguments.
        formerly: names that the protocol had before, the oldest first. Records and commands may still use them.
        title: name on pages, e.g. `leave one subject out`; empty for `name`.
        trains_on: the only database on every training side; empty if there are several. Boards show the protocols of
            one dataset that have it together, as a table from one database to another.
        about: one line for `merbench list`.
    """

    name: str
    splitter: str
    formerly: tuple[str, ...] = ()
    title: str = ""
    trains_on: str = ""
    about: str = ""
    api: int = API

    @property
    def oldest_name(self) -> str:
        """The first name that the protocol had. Seeds are derived from it, so that a new name changes no result."""
        return (*self.formerly, self.name)[0]


@dataclass(frozen=True, kw_only=True)
class Executor:
    """Where the units of a run are computed.

    Attributes:
        name: e.g. `local`.
        runner: target of a `merbench.UnitRunner` subclass, called with the options of the user as keywords.
        extra: what to install if the runner cannot be imported, e.g. `merbench[ray]`; empty if nothing else is needed.
        about: one line for `merbench list`.
    """

    name: str
    runner: str
    extra: str = ""
    about: str = ""
    api: int = API


Model = TorchModel | EstimatorModel | FitModel
Spec = Source | Dataset | Feature | TorchModel | EstimatorModel | FitModel | ModelFamily | Protocol | Executor


def former_names(spec: Spec) -> tuple[str, ...]:
    """The names that a spec had before, the oldest first."""
    return spec.formerly if isinstance(spec, Protocol) else ()
