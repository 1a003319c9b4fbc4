"""What a plugin registers: frozen descriptions that name heavy code by `"module:attribute"`, and never import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from merbench.plugin.labels import LabelScheme

__all__ = [
    "API",
    "Dataset",
    "EstimatorModel",
    "Feature",
    "Model",
    "ModelFamily",
    "Protocol",
    "Recipe",
    "Source",
    "Spec",
    "TorchModel",
    "former_names",
]

API = 1  # raised when a spec changes in a way that a plugin would notice


@dataclass(frozen=True, kw_only=True)
class Source:
    """A release of one or more databases as its authors ship it on disk.

    Attributes:
        name: e.g. `htnet-release`.
        reader: target of a `merbench.SourceReader` subclass.
        provides: names of the raw features that the reader reads, e.g. `("flow-28", "landmarks-28")`.
        databases: the databases in it, e.g. `("smic", "casme2", "samm")`.
        same_people: databases of other sources that show the same people, as several cameras of one recording do. No
            dataset may hold two of them: it would count one person as two subjects.
        obtain: what to get and from where, as it completes the sentence "get ...".
        embedded: True where the release needs no files (generated data); the reader then gets `root=None`.
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
    """What is benchmarked: sources x a label scheme x (where the field has one) the canonical clip list.

    Attributes:
        name: e.g. `composite`.
        sources: names of the sources that it reads, all of them needed.
        databases: the databases kept; clips of others are left out.
        scheme: the label scheme.
        clip_list: target of a function `() -> pandas.DataFrame` with columns clip, database, subject, label: exactly
            these clips, in this order. Empty: every clip that the scheme gives a class.
        protocol: name of the protocol that `merbench run` takes when none is asked for.
        alternatives: other sets of sources that hold the same clips. The first set, `sources` before these, is read
            whose releases are all known and which provides what the model's features are computed from. Clips of an
            alternative that are not in the clip list are left out without a word.
        public_labels: whether anyone may see which class a clip has. A record on any other dataset is published with
            each subject's counts in place of its clips.
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
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What a model sees of a clip: a named, versioned function from other features to an array.

    Attributes:
        name: e.g. `htnet-regions`.
        function: target of a function that takes one array per input (in the order of `inputs`), and the keyword
            `variant` where there are variants; it returns one array, of the same shape for every clip.
        inputs: names of the features that it is computed from.
        variants: named ways of computing it; the first is the default. `name@variant` asks for one.
        version: raised when the function's result changes.
        mirror: target of a function that takes a float32 tensor `[batch, ...]` of clips and returns what the feature
            would be of the clips as a mirror shows them. Empty: recipes cannot flip it.
        drawing: target of a function that returns a picture of it, uint8 `[height, width, 3]`, for `merbench data
            preview`. It takes the feature's array (or its `Frames`), then those of its inputs, and the keyword
            `variant` as `function` does; of a feature that a source provides itself, the array alone. Empty: it is
            not drawn.
        about: one line for `merbench list`.
    """

    name: str
    function: str
    inputs: tuple[str, ...]
    variants: tuple[str, ...] = ()
    version: int = 1
    mirror: str = ""
    drawing: str = ""
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A named set of training settings of a model. An `EstimatorModel` reads `options` and `features` alone.

    Attributes:
        optimizer: `adam`, `adamw` or `sgd` as `torch.optim` has them.
        lr: learning rate; with a schedule, its peak.
        weight_decay, momentum: as `torch.optim` has them; momentum is SGD's.
        decay_vectors: whether weight decay acts on parameters of fewer than two axes too (biases, norms).
        layer_decay: in (0, 1]; the learning rate of a layer is this times that of the next. The network then has a
            method `layer_of(parameter_name) -> int`, counted from the input.
        batch_size: clips in a step; the last step of an epoch takes what is left.
        epochs: passes over the training clips.
        order: `shuffled` anew every epoch; `balanced`, as many draws with replacement, in which every class is as
            likely; `by-class` (class 0 first, clip order within) as scripts do that read one folder after another
            without shuffling; `clip` for the order of the clip table.
        schedule: `constant`; `one-cycle` (torch's OneCycleLR defaults, over all steps; they cycle momentum too, so
            that SGD's own has no effect); `step`, times `decay` after every `decay_every` epochs; or `cosine`, to 0
            after the last step.
        decay, decay_every, decay_epochs: of `step`; the last is after how many epochs the rate stays (0: never).
        warmup_epochs: through which the rate grows in a line from 0, before the `constant`, `step` or `cosine` one,
            whose epochs count from there.
        class_weights: `none`, or `balanced`: each clip's loss counts with clips / (classes x clips of its class) on
            the fold's training side, and a step's loss is the mean by these weights.
        focal: the exponent of the focal loss (Lin et al., 2017), at least 0; 0 is plain cross-entropy.
        label_smoothing: in [0, 1), as `torch.nn.functional.cross_entropy` has it.
        mixup: at least 0; above it, a step's clips are mixed in pairs by a share drawn from Beta(mixup, mixup).
        flip: probability in [0, 1] that a clip is seen as a mirror shows it (`Feature.mirror`).
        rotation: degrees in [0, 180]; a clip's images are turned by up to that, either way.
        crop_padding: pixels; images are padded with zeros by that much and cut to their size at a random place.
            Flip, rotation and place are drawn for every clip in every epoch, and are the same for all of its images;
            the vectors of a flow are mirrored but not turned.
        standardize: subtract the mean and divide by the standard deviation that each channel (axis 1 of a batch) has
            on the fold's training clips.
        options: keyword arguments of the network or estimator.
        features: in place of the model's own, where the recipe sees others.
        about: where the settings come from.
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
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class TorchModel:
    """A network that the engine trains.

    Attributes:
        name: e.g. `htnet`.
        network: target of an `nn.Module` class, or of a function that returns a module, called as
            `network(classes=n, **options)`. Its `forward` takes one float32 tensor `[batch, ...]` per feature, in the
            order of `features`, and returns logits `[batch, classes]`.
        features: names of the features it sees (`name` or `name@variant`).
        recipes: by name; the first is the default.
        parameters: how many the default recipe trains with 3 classes; None where it was not counted.
        with_paths: target of a function `(options) -> options` that puts the path of a file in place of a word for it,
            such as `true` for weights from a hub: it is called once, before the run's plan is made, which holds files
            by name and digest. Empty: options are taken as they are.
        paper: what to cite.
        about: one line for `merbench list`.
    """

    name: str
    network: str
    features: tuple[str, ...]
    recipes: Mapping[str, Recipe]
    parameters: int | None = None
    with_paths: str = ""
    paper: str = ""
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class EstimatorModel:
    """Anything with scikit-learn's `fit` and `predict`.

    Attributes:
        name: e.g. `flow-lr`.
        estimator: target of a callable, called as `estimator(**options)`, that returns an unfitted estimator. Its `fit`
            gets `X` `[clips, ...]` (one feature as it is; several, each flattened and joined) and `y` `[clips]` int64.
        features: names of the features it sees; empty for a model that looks at labels alone.
        recipes: by name; the first is the default; only `options` and `features` are read.
        paper: what to cite.
        about: one line for `merbench list`.
    """

    name: str
    estimator: str
    features: tuple[str, ...]
    recipes: Mapping[str, Recipe] = field(default_factory=lambda: {"default": Recipe()})
    paper: str = ""
    about: str = ""
    api: int = API


@dataclass(frozen=True, kw_only=True)
class ModelFamily:
    """Models of one maker that are too many to register one by one; each is called `family:member`.

    Attributes:
        name: of the family, e.g. `timm`.
        member: target of a function `(name) -> TorchModel | EstimatorModel` for the part after the colon; it raises
            `merbench.OptionError` for one that there is not, with the nearest names. The model's name is the whole.
        members: target of a function `(pattern) -> list of names` (the parts after the colon) that match the
            shell pattern.
        paper: what to cite, whichever member it is.
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
        about: one line for `merbench list`.
    """

    name: str
    splitter: str
    formerly: tuple[str, ...] = ()
    about: str = ""
    api: int = API

    @property
    def oldest_name(self) -> str:
        """The first name that the protocol had. Seeds are derived from it, so that a new name changes no result."""
        return (*self.formerly, self.name)[0]


Model = TorchModel | EstimatorModel
Spec = Source | Dataset | Feature | TorchModel | EstimatorModel | ModelFamily | Protocol


def former_names(spec: Spec) -> tuple[str, ...]:
    """The names that a spec had before, the oldest first."""
    return spec.formerly if isinstance(spec, Protocol) else ()
