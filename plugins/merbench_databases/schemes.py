"""Label schemes of the datasets from one database; the composite's scheme is `merbench.THREE_CLASS`.

The comments give the number of clips in each class, if the table was available.
"""

from __future__ import annotations

from collections.abc import Iterable

import merbench


def alone(name: str, emotions: Iterable[str], source: str) -> merbench.LabelScheme:
    """A scheme with a class for each of these emotions."""
    classes = tuple(emotions)
    return merbench.LabelScheme(name=name, classes=classes, emotions={one: one for one in classes}, source=source)


# Li et al., FG 2013. 24, 28, 19 in VIS.
SMIC_VIS_3 = alone("smic-vis-3", merbench.THREE_CLASS.classes, "Li et al., FG 2013 (SMIC)")
SMIC_NIR_3 = alone("smic-nir-3", merbench.THREE_CLASS.classes, "Li et al., FG 2013 (SMIC)")

# The baseline of Yan et al., PLoS ONE 2014, takes these five. 32, 28, 63, 27, 99 in the table of 2019; in earlier
# tables, three of the clips with surprise have sadness, so 25 remain.
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

# The five emotions with ten clips or more, which papers of the field use. 57, 26, 26, 15, 12.
SAMM_5 = alone(
    "samm-5",
    ("anger", "other", "happiness", "surprise", "contempt"),
    "SAMM_Micro_FACS_Codes_v2.xlsx, emotions with more than ten clips, as used by MMNet and others",
)

# The baseline of Li et al., TPAMI 2022, takes all seven. 250, 187, 161, 86, 64, 57, 55.
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

# The seven as grouped in public code (HTNet's table, HSTA's scripts). 457, 55, 187, 161; CASME3_3 leaves out others.
CASME3_4 = merbench.LabelScheme(
    name="casme3-4",
    classes=("negative", "positive", "surprise", "others"),
    emotions={**_CASME3, "others": "others"},
    source="Li et al., TPAMI 2022 (CAS(ME)3), grouped as in HTNet's table and HSTA's scripts",
)
CASME3_3 = merbench.LabelScheme(
    name="casme3-3", classes=("negative", "positive", "surprise"), emotions=_CASME3, source=CASME3_4.source
)

# The four emotions with most clips in MMEW, which its authors and MMNet use. 36, 89, 72, 66 according to the authors.
MMEW_4 = alone("mmew-4", ("happiness", "surprise", "disgust", "others"), "Ben et al., TPAMI 2021 (MMEW)")

# The four emotions with most clips in CASME; tables have tense or tension. Papers count 44, 38, 20 and 69 (171 clips).
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
    source="Yan et al., FG 2013 (CASME): the four emotions with most clips, as used in the field's papers",
)
