"""Motion: the flow from onset to apex, the field's small flow images, and frames sampled from a clip."""

from __future__ import annotations

from collections.abc import Iterable

import merbench

ALGORITHMS = ("tvl1", "farneback", "dis", "tvl1-opencv")
# The flow release has STSTNet's strain; the library meb defines another.
SMALL = (*ALGORITHMS, *(f"{name}-meb" for name in ALGORITHMS))


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    """From an aligned face to what models see of its motion."""
    yield merbench.Feature(
        name="apex",
        function="merbench_flow.apex:apex",
        inputs=("face", "face-landmarks-68"),
        variants=("difference", "middle"),
        drawing="merbench_flow.drawing:apex",
        about="place of the apex among the clip's frames: annotated, or else estimated from differences of frames",
    )
    yield merbench.Feature(
        name="flow",
        version=3,
        function="merbench_flow.algorithms:flow",
        inputs=("face", "apex"),
        variants=ALGORITHMS,
        mirror="merbench_flow.mirror:motion",
        drawing="merbench_flow.drawing:flow",
        shape=(2, 224, 224),
        about="(u, v) from onset to apex in pixels of the 224x224 face",
    )
    yield merbench.Feature(
        name="flow-28",
        version=3,
        function="merbench_flow.small:flow_28",
        inputs=("face", "apex"),
        variants=SMALL,
        mirror="merbench_flow.mirror:small_motion",
        drawing="merbench_flow.drawing:flow_28",
        channels=("strain", "v", "u"),
        shape=(3, 28, 28),
        about="(strain, v, u) at 28x28, each stretched to 0..255 in 8 bits, as in the flow release of the composite",
    )
    yield merbench.Feature(
        name="flow-28-float",
        version=3,
        function="merbench_flow.small:flow_28_float",
        inputs=("face", "apex"),
        variants=SMALL,
        mirror="merbench_flow.mirror:motion",
        drawing="merbench_flow.drawing:flow_28_float",
        shape=(3, 28, 28),
        about="(u, v, strain) at 28x28, neither stretched nor rounded",
    )
    yield merbench.Feature(
        name="onset-apex-224",
        function="merbench_flow.sampling:onset_apex",
        inputs=("face", "apex"),
        mirror="merbench_flow.mirror:images",
        shape=(2, 3, 224, 224),
        about="the aligned face at onset and apex",
    )
    for count in (8, 10, 16):
        yield merbench.Feature(
            name=f"frames-{count}",
            function=f"merbench_flow.sampling:frames_{count}",
            inputs=("face",),
            variants=("uniform", "tim"),
            mirror="merbench_flow.mirror:images",
            shape=(count, 3, 224, 224),
            about=f"{count} frames from onset to offset, picked evenly or by the temporal interpolation model",
        )
    yield merbench.Feature(
        name="video-6+2",
        function="merbench_flow.sampling:video_6_2",
        inputs=("face", "apex"),
        mirror="merbench_flow.mirror:images",
        shape=(8, 3, 224, 224),
        about="6 frames of the first 51 from the onset, then onset and apex, as HSTA takes them",
    )
