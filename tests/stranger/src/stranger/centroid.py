"""The estimator of stranger-centroid."""

from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer


def flatten(X):
    """`[clips, ...]` to `[clips, values]`."""
    return X.reshape(len(X), -1)


def build() -> Pipeline:
    """Nearest class mean of the flattened flow."""
    return make_pipeline(FunctionTransformer(flatten), NearestCentroid())
