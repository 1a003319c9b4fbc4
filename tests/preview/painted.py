"""A plugin whose clips are patches of one shade, and whose features are drawn as such: small enough to check by hand.

Clip `cN` of a subject has the shade N. What the environment variable PAINTED names goes wrong.
"""

import os

import numpy as np

import merbench

SUBJECTS = {"red/r1": 3, "red/r2": 2, "blue/b1": 3}  # subject -> clips of each class
HOSTILE = "<b>joy</b> & \"'"
SCHEME = merbench.LabelScheme(
    name="two", classes=("calm", "moved"), emotions={"calm": "calm", HOSTILE.lower(): "moved"}
)


class Patches(merbench.SourceReader):
    """Provides `shade`, uint8 [2, 3]."""

    def clips(self):
        rows = [
            {"clip": f"{subject}/c{2 * number + moved}", "subject": subject, "database": subject.split("/")[0],
             "emotion": HOSTILE if moved else "calm", "action_units": HOSTILE}
            for subject, count in SUBJECTS.items()
            for number in range(count)
            for moved in (0, 1)
        ]  # fmt: skip
        return merbench.clip_table(rows)

    def read(self, feature, clip):
        if os.environ.get("PAINTED") == f"broken {clip}":
            raise merbench.ReleaseError(f"{HOSTILE}.png is empty")
        return np.full((2, 3), int(clip.rpartition("c")[2]), np.uint8)


def brighter(shade, *, variant):
    return shade + {"a": 10, "b": 20, "same": 20}[variant]


def drawn(value, *inputs, variant=""):
    """One patch, <i>as it is</i>.

    Returns:
        uint8 `[2, 3, 3]`.
    """
    wrong = os.environ.get("PAINTED", "")
    if wrong == "raises":
        raise RuntimeError("no paint\nleft")
    if wrong == "refuses":
        raise merbench.ReleaseError("too dark to be drawn")
    if wrong == "float":
        return value.astype(np.float32)
    assert [one.tolist() for one in inputs] == ([(value - (10 if variant == "a" else 20)).tolist()] if variant else [])
    return np.dstack([value] * 3)


@merbench.hookimpl
def merbench_sources():
    for name, provides in (("patches", ("shade",)), ("blanks", ("nothing",))):
        yield merbench.Source(
            name=name, reader=f"{__name__}:Patches", provides=provides, databases=("red", "blue"), embedded=True
        )


@merbench.hookimpl
def merbench_datasets():
    shared = {"databases": ("red", "blue"), "scheme": SCHEME}
    yield merbench.Dataset(name="patches", sources=("patches",), about=HOSTILE, **shared)
    yield merbench.Dataset(name="blanks", sources=("blanks",), **shared)
    yield merbench.Dataset(name="either", sources=("blanks",), alternatives=(("patches",),), **shared)


@merbench.hookimpl
def merbench_features():
    yield merbench.Feature(
        name="brighter", function=f"{__name__}:brighter", inputs=("shade",), variants=("a", "b", "same"),
        drawing=f"{__name__}:drawn", about="a shade, and more",
    )  # fmt: skip
    yield merbench.Feature(
        name="shade", function=f"{__name__}:brighter", inputs=("frames",), drawing=f"{__name__}:drawn", about=HOSTILE
    )
    yield merbench.Feature(name="unseen", function=f"{__name__}:brighter", inputs=("shade",))
