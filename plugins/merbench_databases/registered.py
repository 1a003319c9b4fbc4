"""The specs of this plugin: sources and how to obtain them, datasets and protocols."""

from __future__ import annotations

from collections.abc import Iterator

import merbench
from merbench_databases import schemes

COMPOSITE = ("smic", "casme2", "samm")
TITLES = {"smic": "SMIC-HS", "casme2": "CASME II", "samm": "SAMM"}
CLIPS = {"smic": 164, "casme2": 145, "samm": 133}  # of each database in the composite
VIDEOS = {"smic": "smic-hs", "casme2": "casme2", "samm": "samm"}  # database of the composite → source of its videos
CAMERAS = ("smic", "smic-vis", "smic-nir")  # SMIC's three cameras recorded the same people
LIST = "merbench_databases.canonical:composite"

SMIC = "SMIC from the Center for Machine Vision and Signal Analysis, University of Oulu (a signed licence agreement)"
CASME = "from the Institute of Psychology, Chinese Academy of Sciences (a signed licence agreement)"
# Source → reader, database, how to obtain it, description.
RELEASES = {
    "smic-hs": ("smic:HS", "smic", SMIC, "164 clips of 16 subjects, 100 fps, 3 emotions"),
    "smic-vis": ("smic:VIS", "smic-vis", SMIC, "71 clips of 8 subjects in visible light, 25 fps"),
    "smic-nir": ("smic:NIR", "smic-nir", SMIC, "71 clips of 8 subjects in near infrared, 25 fps"),
    "casme2": ("casme2:CASME2", "casme2", f"CASME II {CASME}", "255 clips of 26 subjects, 200 fps"),
    "samm": (
        "samm:SAMM",
        "samm",
        "SAMM from Manchester Metropolitan University (a signed licence agreement)",
        "159 clips of 29 subjects, 200 fps, grey",
    ),
    "casme": ("casme:CASME", "casme", f"CASME {CASME}", "195 clips of 19 subjects, 60 fps"),
    "casme3a": ("casme3a:CASME3A", "casme3a", f"CAS(ME)3 part A {CASME}", "860 clips of 94 subjects, 30 fps"),
    "mmew": ("mmew:MMEW", "mmew", "MMEW from its authors (a signed licence agreement)", "300 clips, 90 fps"),
    "4dme": (
        "fourdme:FourDME",
        "4dme",
        "4DME from the Center for Machine Vision and Signal Analysis, University of Oulu (a signed licence agreement)",
        "267 clips with several labels each, grey",
    ),
}
# Datasets from one release: source, scheme, title, description.
CUTS = (
    (
        "smic-vis",
        schemes.SMIC_VIS_3,
        "SMIC-VIS, 3 classes",
        "SMIC's camera for visible light: 71 clips of 8 subjects, 3 classes",
    ),
    (
        "smic-nir",
        schemes.SMIC_NIR_3,
        "SMIC-NIR, 3 classes",
        "SMIC's camera for near infrared: 71 clips of 8 subjects, 3 classes",
    ),
    ("casme", schemes.CASME_4, "CASME, 4 classes", "CASME in the 4 emotions with most clips: 171 clips"),
    ("casme2", schemes.CASME2_5, "CASME II, 5 classes", "CASME II in the 5 classes of its authors: 249 clips"),
    (
        "casme2",
        schemes.CASME2_3_MMNET,
        "CASME II, MMNet's 3 classes",
        "CASME II in the 3 classes of MMNet's official code: 156 clips",
    ),
    ("samm", schemes.SAMM_5, "SAMM, 5 classes", "SAMM in the 5 emotions with most clips: 136 clips of 27 subjects"),
    (
        "casme3a",
        schemes.CASME3_3,
        "CAS(ME)3 part A, 3 classes",
        "CAS(ME)3 part A in 3 classes: 699 clips of 88 subjects",
    ),
    (
        "casme3a",
        schemes.CASME3_4,
        "CAS(ME)3 part A, 4 classes",
        "CAS(ME)3 part A in 4 classes: 860 clips of 94 subjects",
    ),
    (
        "casme3a",
        schemes.CASME3_7,
        "CAS(ME)3 part A, 7 classes",
        "CAS(ME)3 part A in the 7 emotions of its authors: 860 clips of 94 subjects",
    ),
    ("mmew", schemes.MMEW_4, "MMEW, 4 classes", "MMEW in the 4 emotions with most clips: 263 clips"),
)


def sources() -> Iterator[merbench.Source]:
    """The flow releases (HTNet's repository also contains STSTNet's flow images, its origin), and the videos."""
    yield merbench.Source(
        name="htnet-release",
        reader="merbench_databases.htnet_release:HTNetRelease",
        provides=("flow-28", "landmarks-28"),
        databases=COMPOSITE,
        obtain=(
            "a clone of github.com/wangzhifengharrison/HTNet (git clone https://github.com/wangzhifengharrison/HTNet)"
        ),
        about="onset-apex flow of the composite's 442 clips as 28x28 images, published with HTNet",
    )
    yield merbench.Source(
        name="causalnet-release",
        reader="merbench_databases.causalnet_release:CausalNetRelease",
        provides=("flow-28", "two-phase-flow-28", "landmarks-28"),
        databases=COMPOSITE,
        obtain=("a clone of github.com/tony19980810/CausalNet (git clone https://github.com/tony19980810/CausalNet)"),
        about="flow of the composite's 442 clips, onset-apex and apex-offset, with their directions, as 28x28 images "
        "published with CausalNet",
    )
    for name, (reader, database, obtain, about) in RELEASES.items():
        yield merbench.Source(
            name=name,
            reader=f"merbench_databases.{reader}",
            provides=("frames",),
            databases=(database,),
            same_people=tuple(one for one in CAMERAS if one != database) if database in CAMERAS else (),
            obtain=obtain,
            about=about,
        )
    yield merbench.Source(
        name="hsta-folds",
        reader="merbench_databases.hsta:HSTAFolds",
        provides=(),
        databases=("casme3a",),
        obtain=(
            "a clone of github.com/OceanSummerDay/HSTA_MER, and use its folder "
            "washed_data/washed_data/new_labels/emothion_as_label"
        ),
        about="HSTA's released five folds of CAS(ME)3 part A, for the protocol hsta-5-fold",
    )


def datasets() -> Iterator[merbench.Dataset]:
    """The composite and its parts, from the flow release or from videos; and the datasets of one database."""
    yield merbench.Dataset(
        name="composite",
        title="MEGC2019 composite",
        titles=TITLES,
        sources=("htnet-release",),
        alternatives=(tuple(VIDEOS.values()),),
        databases=COMPOSITE,
        scheme=merbench.THREE_CLASS,
        clip_list=LIST,
        protocol="loso",
        public_labels=True,
        about="SMIC-HS, CASME II and SAMM: 442 clips of 68 subjects, 3 classes (MEGC2019)",
    )
    yield merbench.Dataset(
        name="composite-causalnet",
        title="MEGC2019 composite, CausalNet's flow",
        titles=TITLES,
        sources=("causalnet-release",),
        databases=COMPOSITE,
        scheme=merbench.THREE_CLASS,
        clip_list=LIST,
        protocol="loso",
        public_labels=True,
        about="the composite's 442 clips with the flow that CausalNet's authors computed",
    )
    for database, title in TITLES.items():
        yield merbench.Dataset(
            name=f"{database}-3",
            title=f"{title} in the composite, 3 classes",
            titles={database: title},
            sources=("htnet-release",),
            alternatives=((VIDEOS[database],),),
            databases=(database,),
            scheme=merbench.THREE_CLASS,
            clip_list=LIST,
            protocol="loso-per-database",
            public_labels=True,
            about=f"the {CLIPS[database]} clips of {title} in the composite, 3 classes",
        )
    for source, scheme, title, about in CUTS:
        yield merbench.Dataset(
            name=scheme.name,
            title=title,
            sources=(source,),
            databases=(RELEASES[source][1],),
            scheme=scheme,
            protocol="loso-per-database",
            about=about,
        )


def protocols() -> Iterator[merbench.Protocol]:
    """Folds that were published for one of the databases, and training on one database of the composite alone."""
    for database, splitter, title in (
        ("smic", "FromSMIC", "SMIC"), ("casme2", "FromCASME2", "CASME II"), ("samm", "FromSAMM", "SAMM")
    ):  # fmt: skip
        yield merbench.Protocol(
            name=f"from-{database}",
            splitter=f"merbench_databases.transfer:{splitter}",
            title=f"train on {title} alone",
            trains_on=database,
            about=f"train on {title} alone; its own subjects are left out in turn, other databases tested whole",
        )
    yield merbench.Protocol(
        name="hsta-5-fold",
        splitter="merbench_databases.hsta:HSTAFiveFold",
        about="HSTA's released folds of CAS(ME)3 part A, with subjects on both sides; shows the effect of a leak",
    )
