"""Faces: 68 landmarks of the onset frame, and the aligned crop of every frame of a clip."""

from __future__ import annotations

from collections.abc import Iterable

import merbench


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    """From released frames to aligned faces and their landmarks."""
    yield merbench.Feature(
        name="landmarks-68",
        function="merbench_faces.landmarks:landmarks_68",
        inputs=("frames",),
        drawing="merbench_faces.drawing:landmarks_68",
        about="68 points (iBUG order) of the onset frame by dlib; its model's training data (iBUG 300-W) is for "
        "non-commercial use",
    )
    yield merbench.Feature(
        name="face",
        function="merbench_faces.align:face",
        inputs=("frames", "landmarks-68"),
        about="every frame, aligned by the onset frame's landmarks and cropped to 224x224",
    )
    yield merbench.Feature(
        name="face-landmarks-68",
        function="merbench_faces.align:face_landmarks_68",
        inputs=("frames", "landmarks-68"),
        drawing="merbench_faces.drawing:face_landmarks_68",
        about="the 68 points in pixels of the 224x224 face",
    )
    yield merbench.Feature(
        name="landmarks-28",
        function="merbench_faces.align:landmarks_28",
        inputs=("face-landmarks-68",),
        drawing="merbench_faces.drawing:landmarks_28",
        about="eyes, nose and mouth corners in pixels of the face shrunk to 28x28",
    )
