"""Where a row's data come from: the raw features at the ends of a record's features, and the sources that have them."""

from __future__ import annotations

import pytest

from merbench.leaderboard.seen import data_from

OWN = "flow-28@tvl1 v2 (face v1 (frames, landmarks-68 v1 (frames)), apex@difference v1 (frames))"


@pytest.mark.parametrize(
    ("dataset", "features", "says"),
    [
        ("composite", ["flow-28"], "flow-28 of htnet-release"),
        (
            "composite",
            ["htnet-regions@as-released v1 (flow-28, landmarks-28)"],
            "flow-28, landmarks-28 of htnet-release",
        ),
        ("composite", [OWN], "frames of smic-hs, casme2, samm"),
        ("composite-causalnet", ["bi-woof-28 v1 (flow-28)"], "flow-28 of causalnet-release"),
        ("demo", [OWN], "frames of demo"),
        ("not-installed", ["flow-28"], "flow-28"),
        ("composite", ["depth"], "depth"),
        ("composite", [], ""),
    ],
)
def test_the_ends_of_the_features_name_the_sources(dataset, features, says, make_record, registry):
    plan = make_record().plan.model_copy(update={"dataset": dataset, "features": features})
    assert data_from(plan, registry) == says
