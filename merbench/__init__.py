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

from merbench.api import compare, predict, read_record, run, score, scores_table
from merbench.data.clips import clip_table
from merbench.data.frames import Frames
from merbench.data.locations import locate
from merbench.data.own.imports import Import, list_imports
from merbench.data.sources import Published, SourceReader
from merbench.engine.executors import UnitRunner
from merbench.engine.units import Unit, Work
from merbench.errors import MerbenchError, OptionError, ReleaseError
from merbench.plugin.hooks import hookimpl
from merbench.plugin.labels import THREE_CLASS, LabelScheme
from merbench.plugin.options import check_choice, check_probability, check_whole
from merbench.plugin.specs import (
    Dataset,
    EstimatorModel,
    Executor,
    Feature,
    FitModel,
    ModelFamily,
    Protocol,
    Recipe,
    Source,
    TorchModel,
)
from merbench.plugin.training import Training
from merbench.protocols import Fold, ProtocolError, Splitter

__all__ = [
    "THREE_CLASS",
    "Dataset",
    "EstimatorModel",
    "Executor",
    "Feature",
    "FitModel",
    "Fold",
    "Frames",
    "Import",
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
    "Training",
    "Unit",
    "UnitRunner",
    "Work",
    "check_choice",
    "check_probability",
    "check_whole",
    "clip_table",
    "compare",
    "hookimpl",
    "list_imports",
    "locate",
    "predict",
    "read_record",
    "run",
    "score",
    "scores_table",
]
