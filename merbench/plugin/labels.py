"""Label schemes: from an annotated emotion to the class that is scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from merbench.errors import PluginError

__all__ = ["THREE_CLASS", "LabelScheme"]


@dataclass(frozen=True, kw_only=True)
class LabelScheme:
    """The class of each annotated emotion.

    Attributes:
        name: e.g. `3-class`.
        classes: the class names in the order of their indices.
        emotions: annotated emotion (lower case, stripped) to class name; clips of other emotions are left out.
        source: where the mapping was published.

    Raises:
        PluginError: a class is listed twice, or an emotion is not stripped and in lower case or maps to an unknown
            class.
    """

    name: str
    classes: tuple[str, ...]
    emotions: Mapping[str, str]
    source: str = ""

    def __post_init__(self) -> None:
        faults = [f"class {name!r} is listed twice" for name in self.classes if self.classes.count(name) > 1]
        faults += [
            f"emotion {emotion!r} must be stripped and in lower case"
            for emotion in self.emotions
            if emotion != emotion.strip().lower()
        ]
        faults += [
            f"emotion {emotion!r} maps to {name!r}, which is not one of the classes"
            for emotion, name in self.emotions.items()
            if name not in self.classes
        ]
        if faults:
            raise PluginError(f"label scheme {self.name!r}: {faults[0]}")

    def label(self, emotion: str) -> int | None:
        """Class index of an annotated emotion, or None if the scheme leaves it out."""
        name = self.emotions.get(emotion.strip().lower())
        return None if name is None else self.classes.index(name)


# MEGC2019 (See et al., 2019): the composite's three classes. The challenge published these classes, so the mapping also
# has an identity part for releases that contain nothing else.
THREE_CLASS = LabelScheme(
    name="3-class",
    classes=("negative", "positive", "surprise"),
    emotions={
        "negative": "negative",
        "positive": "positive",
        "surprise": "surprise",
        "disgust": "negative",
        "repression": "negative",
        "anger": "negative",
        "contempt": "negative",
        "fear": "negative",
        "sadness": "negative",
        "happiness": "positive",
    },
    source="MEGC2019 (See et al., FG 2019), CDE task",
)
