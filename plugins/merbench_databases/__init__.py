"""The field's databases: releases that can be read, and the datasets cut from them."""

from __future__ import annotations

from collections.abc import Iterable

import merbench

COMPOSITE = ("smic", "casme2", "samm")
TITLES = {"smic": "SMIC-HS", "casme2": "CASME II", "samm": "SAMM"}


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    """The flow release of the composite; its repository also holds STSTNet's flow images that it was made from."""
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


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    """The composite of MEGC2019, and its three parts alone."""
    yield merbench.Dataset(
        name="composite",
        sources=("htnet-release",),
        databases=COMPOSITE,
        scheme=merbench.THREE_CLASS,
        clip_list="merbench_databases.canonical:composite",
        protocol="composite",
        public_labels=True,
        about="SMIC-HS, CASME II and SAMM: 442 clips of 68 subjects, 3 classes (MEGC2019)",
    )
    for database, title in TITLES.items():
        yield merbench.Dataset(
            name=f"{database}-3",
            sources=("htnet-release",),
            databases=(database,),
            scheme=merbench.THREE_CLASS,
            clip_list="merbench_databases.canonical:composite",
            protocol="per-database",
            public_labels=True,
            about=f"the clips of {title} in the composite, 3 classes",
        )
