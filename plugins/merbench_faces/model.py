"""Load dlib's face detector and its model of 68 landmarks, once in each process."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import merbench

PACKAGE = "face_recognition_models"  # on PyPI under the same name
PREDICTOR = "models/shape_predictor_68_face_landmarks.dat"
DLIB = "dlib-bin"  # prebuilt; the distribution dlib is compiled when it is installed


@cache
def detector() -> Any:
    """dlib's frontal face detector: histograms of oriented gradients, for faces of 80 pixels or more.

    Raises:
        merbench.MerbenchError: dlib is not installed.
    """
    return _dlib().get_frontal_face_detector()


@cache
def predictor() -> Any:
    """dlib's regression trees for the 68 landmarks of iBUG 300-W (Kazemi and Sullivan, CVPR 2014).

    Raises:
        merbench.MerbenchError: dlib or the model is not installed, or the model's file is damaged.
    """
    path = predictor_file()
    try:
        return _dlib().shape_predictor(str(path))
    except RuntimeError as error:
        raise merbench.MerbenchError(
            f"{path.name} of the package {PACKAGE} cannot be read; {_install(PACKAGE, '--force-reinstall ')}"
        ) from error


def predictor_file() -> Path:
    """The model's file, found without importing its package, because that import needs a removed part of setuptools.

    Raises:
        merbench.MerbenchError: the package is not installed, or the file is missing in it.
    """
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        if (Path(folder) / PREDICTOR).is_file():
            return Path(folder) / PREDICTOR
    if folders:
        raise merbench.MerbenchError(
            f"{PREDICTOR} is missing in the package {PACKAGE}; {_install(PACKAGE, '--force-reinstall ')}"
        )
    raise merbench.MerbenchError(f"landmarks need the package {PACKAGE}, which is not installed; {_install(PACKAGE)}")


def _dlib() -> Any:
    try:
        import dlib
    except ImportError as error:
        raise merbench.MerbenchError(f"finding faces needs dlib, which cannot be imported; {_install(DLIB)}") from error
    return dlib


def _install(package: str, how: str = "") -> str:
    return f"install it with: {Path(sys.executable).name} -m pip install {how}{package}"
