"""Which function writes which generated part."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from docs.generate import (
    across,
    checks,
    claims,
    command_line,
    equal_terms,
    example,
    interface,
    lists,
    missing,
    oracle,
    picture,
    processors,
    results,
    scaling,
    speed,
)

__all__ = ["BLOCKS", "ROOT", "fresh"]

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# name -> what writes it; the text is Markdown
BLOCKS: dict[str, Callable[[], str]] = {
    "across-protocols": across.protocols,
    "api": interface.api,
    "bi-woof": claims.bi_woof,
    "bi-woof-scores": claims.bi_woof_scores,
    "five-classes": claims.five_classes,
    "causalnet": claims.causalnet,
    "checks": checks.checks,
    "chosen-c": equal_terms.chosen_c,
    "class-scores": equal_terms.class_scores,
    "class-weights": equal_terms.weights,
    "command-line": command_line.verbs,
    "datasets": lists.datasets,
    "difficulty": speed.difficulty,
    "dual-inception": claims.dual_inception,
    "equal-weights": results.equal_weights,
    "errata": lists.errata,
    "executors": partial(speed.measured_table, "executors"),
    "faces-and-flow": speed.accuracy,
    "features": lists.features,
    "hooks": interface.hooks,
    "inner-epochs": equal_terms.inner_epochs,
    "leaders": results.leaders,
    "methods": results.methods,
    "missing-runs": missing.missing_runs,
    "models": lists.models,
    "networks": results.networks,
    "oracle-epochs": oracle.epochs,
    "processors": processors.compared,
    "processors-most": processors.most,
    "protocols": lists.protocols,
    "published": lists.published,
    "recipes": lists.recipes,
    "rcn": claims.rcn,
    "rcn-fit": claims.rcn_fit,
    "record": example.record,
    "remarks": results.remarks,
    "release-channels": claims.release_channels,
    "results": results.seeds,
    "same-weights": equal_terms.same_weights,
    "same-weights-elsewhere": partial(equal_terms.same_weights_elsewhere, *across.ELSEWHERE),
    "scaling": scaling.board,
    "seed-noise": claims.seed_noise,
    "shallow-models": partial(lists.models, "merbench_shallow"),
    "sources": lists.sources,
    "speed": speed.tables,
    "sssnet": claims.sssnet,
    "sure-coverage": partial(speed.sureness, "coverage"),
    "sure-databases": partial(speed.sureness, "more subjects"),
    "sure-errors": partial(speed.sureness, "error rate"),
    "sure-power": partial(speed.sureness, "power"),
    "sure-variance": partial(speed.sureness, "variance"),
    "ststnet": claims.ststnet,
    "ststnet-printed": claims.ststnet_printed,
    "transfer": across.transfer,
}


def fresh() -> dict[Path, str]:
    """Every file with a generated part, and the text that it should have."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    texts = {page: page.read_text("utf-8") for page in pages}
    written = {page: BLOCK.sub(_block, text) for page, text in texts.items() if BLOCK.search(text)}
    pictures = {"finding.svg": picture.finding(), **oracle.pictures()}
    return {**written, **{ROOT / "docs" / "pictures" / name: text for name, text in pictures.items()}}


def _block(found: re.Match[str]) -> str:
    start, name, end = found.groups()
    return f"{start}\n{BLOCKS[name]().strip()}\n\n{end}"
