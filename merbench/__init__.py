"""merbench benchmarks micro-expression recognisers. The shortest working plugin:

    import merbench

    @merbench.hookimpl
    def merbench_models():
        yield merbench.EstimatorModel(
            name="most-frequent", estimator="sklearn.dummy:DummyClassifier", features=()
        )

Save it as `most_frequent.py` and run `merbench run --plugin ./most_frequent.py --model most-frequent --dataset demo`.
Only what this module exports is public; a plugin imports nothing else.
"""

from merbench.clips import clip_table
from merbench.errors import MerbenchError, OptionError, ReleaseError
from merbench.frames import Frames
from merbench.hookspecs import hookimpl
from merbench.labels import THREE_CLASS, LabelScheme
from merbench.locations import locate
from merbench.options import check_choice, check_probability, check_whole
from merbench.protocols import Fold, ProtocolError, Splitter
from merbench.sources import Published, SourceReader
from merbench.specs import (
    Dataset,
    EstimatorModel,
    Feature,
    ModelFamily,
    Protocol,
    Recipe,
    Source,
    TorchModel,
)

__all__ = [
    "THREE_CLASS",
    "Dataset",
    "EstimatorModel",
    "Feature",
    "Fold",
    "Frames",
    "LabelScheme",
    "MerbenchError",
    "ModelFamily",
    "OptionError",
    "Protocol",
    "ProtocolError",
    "Published",
    "Recipe",
    "ReleaseError",
    "Source",
    "SourceReader",
    "Splitter",
    "TorchModel",
    "check_choice",
    "check_probability",
    "check_whole",
    "clip_table",
    "hookimpl",
    "locate",
]
