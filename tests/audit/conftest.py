"""Small scripts to audit, each with one fault or none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.audit import Finding, Target, audit
from merbench.audit.clips import made_clips

# Reads the layout table, and leaves each subject out. A fault replaces one of the marked lines.
TABLE = """
import csv, os, sys
import numpy as np
data, out = sys.argv[1:]
rows = list(csv.DictReader(open(os.path.join(data, "clips.csv"))))
x = np.load(os.path.join(data, "features.npy")).reshape(len(rows), -1) / 255
y = np.array([int(row["label"]) for row in rows])
subject = np.array([row["subject"] for row in rows])
names = np.array([row["clip"] for row in rows])

def fit(train):
    return np.stack([x[train & (y == c)].mean(0) for c in range(3)])

def predict(means, z):
    return ((z[:, None] - means) ** 2).sum(-1).argmin(1)

predicted, folds = np.zeros_like(y), []
for one in sorted(set(subject)):
    test = subject == one
    train = ~test  # SPLIT
    z = x[test]  # INPUT
    means = fit(train)  # FIT
    predicted[test] = predict(means, z)
    folds += [(one, "test", name) for name in names[test]] + [(one, "train", name) for name in names[train]]
hits = lambda a, b, c: ((a == c) & (b == c)).sum()
f1 = lambda a, b: np.mean([2 * hits(a, b, c) / max(1, (a == c).sum() + (b == c).sum()) for c in range(3)])
score = f1(y, predicted)  # SCORE
print("UF1:", round(float(score), 4))
def write(name, columns, lines):
    with open(os.path.join(out, name), "w", newline="") as file:
        csv.writer(file).writerows([columns, *lines])
write("predictions.csv", ("clip", "predicted"), zip(names, predicted))
write("folds.csv", ("fold", "side", "clip"), folds)
"""

# Reads the layout folders. The class is the folder's name, and listings are sorted.
FOLDERS = """
import csv, os, sys
import numpy as np
from PIL import Image
data, out = sys.argv[1:]

def read(side):
    found = []
    for place, folder in enumerate(sorted(os.listdir(side))):  # CLASSES
        label = int(folder)  # LABEL
        for name in sorted(os.listdir(os.path.join(side, folder))):  # FILES
            found.append((np.asarray(Image.open(os.path.join(side, folder, name)), float).ravel(), label, name[:-4]))
    x, y, names = zip(*found)
    return np.array(x), np.array(y), names

rows = []
for one in sorted(os.listdir(data)):
    x, y, _ = read(os.path.join(data, one, "u_train"))
    z, truth, names = read(os.path.join(data, one, "u_test"))
    means = np.stack([x[y == c].mean(0) for c in range(3)])  # FIT
    rows += zip(names, ((z[:, None] - means) ** 2).sum(-1).argmin(1))
with open(os.path.join(out, "predictions.csv"), "w", newline="") as file:
    csv.writer(file).writerows([("clip", "predicted"), *rows])
"""


def with_line(script: str, mark: str, line: str) -> str:
    """The script with another line in place of the marked one, at the same depth."""
    (old,) = [one for one in script.splitlines() if one.endswith(f"# {mark}")]
    return script.replace(old, old[: len(old) - len(old.lstrip())] + line)


Audited = Callable[..., dict[str, Finding]]


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    """Audits the text of a script on made clips; the findings by check."""

    def of(script: str, layout: str = "table", *, subjects: int = 1, timeout: float = 120) -> dict[str, Finding]:
        (tmp_path / "script.py").write_text(script, "utf-8")
        command = f"'{sys.executable}' '{tmp_path / 'script.py'}' {{data}} {{out}}"
        target = Target(command, "command", layout, timeout)
        return {one.check: one for one in audit(target, made_clips(), subjects=subjects)}

    return of
