import csv

from merbench_databases.canonical import composite

# Clips per class (negative, positive, surprise) and subjects, as the challenge counts them.
COUNTS = {"smic": ((70, 51, 43), 16), "casme2": ((88, 32, 25), 24), "samm": ((92, 26, 15), 28)}


def test_the_composite_has_the_clips_that_the_challenge_counts():
    table = composite()
    assert list(table.columns) == ["clip", "database", "subject", "label"]
    assert len(table) == table["clip"].nunique() == 442
    assert table["subject"].nunique() == 68
    for database, (classes, subjects) in COUNTS.items():
        part = table[table["database"] == database]
        assert tuple(part["label"].value_counts().sort_index()) == classes
        assert part["subject"].nunique() == subjects


def test_how_many_subjects_have_one_two_or_three_classes():
    classes = composite().groupby("subject")["label"].nunique()
    assert {number: int((classes == number).sum()) for number in (1, 2, 3)} == {1: 23, 2: 29, 3: 16}
    sizes = composite()["subject"].value_counts()
    assert (sizes == 1).sum() == 8
    assert (sizes.idxmax(), sizes.max()) == ("smic/s03", 39)


def test_the_list_is_the_published_ground_truth(real_data):
    with (real_data / "annotations" / "combined_3class_gt.csv").open(newline="") as file:
        published = list(csv.reader(file))
    ours = [
        (row.database, row.subject.split("/")[1], row.clip.split("/")[2], str(row.label))
        for row in composite().itertuples()
    ]
    assert ours == [
        (base, subject.zfill(3) if base == "samm" else subject, *rest) for base, subject, *rest in published
    ]
