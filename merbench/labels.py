"""Label schemes: from the emotion as annotated to the class that is scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["THREE_CLASS", "LabelScheme"]


@dataclass(frozen=True, kw_only=True)
class LabelScheme:
    """Which class an annotated emotion counts as.

    `classes` are the class names in the order of their indices. `emotions` maps an annotated emotion (lower case,
    stripped) to a class name; an emotion that it does not name is out of the scheme. `source` says where the
    mapping was published.
    """

    name: str
    classes: tuple[str, ...]
    emotions: Mapping[str, str]
    source: str = ""

    def label(self, emotion: str) -> int | None:
        """Class index of an annotated emotion, or None where the scheme leaves that emotion out."""
        name = self.emotions.get(emotion.strip().lower())
        return None if name is None else self.classes.index(name)


# MEGC2019 (See et al., 2019): the composite's three classes. The challenge published the classes themselves, and
# releases that carry only those are read with the identity part of the mapping.
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
    source="MEGC2019 (See et al., FG 2019), composite database evaluation",
)
