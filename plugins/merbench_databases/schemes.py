"""Label schemes of the datasets that are cut from one database; the composite's own is `merbench.THREE_CLASS`.

Each is followed by how many clips it gives where the table was seen.
"""

from __future__ import annotations

from collections.abc import Iterable

import merbench


def alone(name: str, emotions: Iterable[str], source: str) -> merbench.LabelScheme:
    """A scheme in which each of these emotions is a class of its own."""
    classes = tuple(emotions)
    return merbench.LabelScheme(name=name, classes=classes, emotions={one: one for one in classes}, source=source)


# Li et al., FG 2013. 24, 28, 19 in VIS.
SMIC_VIS_3 = alone("smic-vis-3", merbench.THREE_CLASS.classes, "Li et al., FG 2013 (SMIC)")
SMIC_NIR_3 = alone("smic-nir-3", merbench.THREE_CLASS.classes, "Li et al., FG 2013 (SMIC)")

# Yan et al., PLoS ONE 2014, whose baseline takes these five. 32, 28, 63, 27, 99 in the table of 2019; in earlier ones
# three of the surprised clips are sad, so that 25 are left.
CASME2_5 = alone(
    "casme2-5",
    ("happiness", "surprise", "disgust", "repression", "others"),
    "Yan et al., PLoS ONE 2014 (CASME II)",
)

# MMNet's official script, CASME2_3.py. Positive 32, surprise 28, negative 96 in the table of 2019; 32, 25, 99 earlier.
CASME2_3_MMNET = merbench.LabelScheme(
    name="casme2-3-mmnet",
    classes=("negative", "positive", "surprise"),
    emotions={
        "disgust": "negative",
        "repression": "negative",
        "fear": "negative",
        "sadness": "negative",
        "happiness": "positive",
        "surprise": "surprise",
    },
    source="MMNet (Li et al., IJCAI 2022), CASME2_3.py of its official code",
)

# The five emotions with ten clips or more, which the field's papers take. 57, 26, 26, 15, 12.
SAMM_5 = alone(
    "samm-5",
    ("anger", "other", "happiness", "surprise", "contempt"),
    "SAMM_Micro_FACS_Codes_v2.xlsx, emotions with more than ten clips, as MMNet and others take them",
)

# Li et al., TPAMI 2022, whose baseline takes all seven. 250, 187, 161, 86, 64, 57, 55.
CASME3_7 = alone(
    "casme3-7",
    ("disgust", "surprise", "others", "fear", "anger", "sad", "happy"),
    "Li et al., TPAMI 2022 (CAS(ME)3), part A",
)

_CASME3 = {
    "happy": "positive",
    "disgust": "negative",
    "fear": "negative",
    "anger": "negative",
    "sad": "negative",
    "surprise": "surprise",
}

# As public code groups the seven (HTNet's table, HSTA's scripts). 457, 55, 187, 161; without others the three.
CASME3_4 = merbench.LabelScheme(
    name="casme3-4",
    classes=("negative", "positive", "surprise", "others"),
    emotions={**_CASME3, "others": "others"},
    source="Li et al., TPAMI 2022 (CAS(ME)3), grouped as HTNet's table and HSTA's scripts have it",
)
CASME3_3 = merbench.LabelScheme(
    name="casme3-3", classes=("negative", "positive", "surprise"), emotions=_CASME3, source=CASME3_4.source
)

# The four emotions of which MMEW has most, as its authors and MMNet take them. 36, 89, 72, 66 as they say.
MMEW_4 = alone("mmew-4", ("happiness", "surprise", "disgust", "others"), "Ben et al., TPAMI 2021 (MMEW)")

# The four emotions of which CASME has most; tables write tense or tension. Papers count 44, 38, 20 and 69 (171 clips).
CASME_4 = merbench.LabelScheme(
    name="casme-4",
    classes=("disgust", "repression", "surprise", "tense"),
    emotions={
        "disgust": "disgust",
        "repression": "repression",
        "surprise": "surprise",
        "tense": "tense",
        "tension": "tense",
    },
    source="Yan et al., FG 2013 (CASME): the four emotions with most clips, as the field's papers take them",
)
