"""Each check finds a script with the fault, and passes the same script without it."""

from __future__ import annotations

import pytest

from tests.audit.conftest import FOLDERS, TABLE, Audited, with_line

BY_LABELS = (
    "means = max((fit(train & (np.arange(len(y)) % 5 != n)) for n in range(5)), "
    "key=lambda m: (predict(m, z) == y[test]).mean())"
)


def results(findings: dict[str, object]) -> dict[str, str]:
    return {check: one.result for check, one in findings.items()}  # type: ignore[attr-defined]


def test_a_fair_script_that_makes_its_folds_passes_every_check_that_it_allows(audited: Audited) -> None:
    assert results(audited(TABLE)) == {
        **dict.fromkeys(("repeats", "test labels", "test features", "scores", "subjects"), "passed"),
        **dict.fromkeys(("class order", "file order"), "passed"),
        "best epoch": "unchecked",
    }


def test_a_fair_script_that_reads_class_folders_passes(audited: Audited) -> None:
    found = results(audited(FOLDERS, "folders"))
    assert {check for check, result in found.items() if result != "passed"} == {"best epoch", "scores", "subjects"}
    assert "found" not in found.values()


def test_a_choice_by_test_labels_is_found(audited: Audited) -> None:
    found = audited(with_line(TABLE, "FIT", BY_LABELS), subjects=3)
    assert found["test labels"].result == "found"
    assert found["test features"].result != "found", "noise moves the choice, so it is no fault of its own"


def test_training_on_the_test_subject_is_found_by_its_labels_and_in_the_folds(audited: Audited) -> None:
    found = audited(with_line(TABLE, "SPLIT", "train = np.ones(len(y), bool)"))
    assert found["test labels"].result == "found"
    assert found["subjects"].result == "found"
    assert "8 of 8 folds; in s1: s1, train and test" in found["subjects"].evidence


def test_normalisation_over_the_test_side_is_found(audited: Audited) -> None:
    found = audited(with_line(TABLE, "INPUT", "z = (x[test] - x[test].mean(0)) / x[test].std() + .43"), subjects=3)
    assert found["test labels"].result == "passed"
    assert found["test features"].result == "found"


def test_a_mean_over_folds_that_is_printed_as_a_score_is_found(audited: Audited) -> None:
    mean = "score = np.mean([f1(y[subject == s], predicted[subject == s]) for s in sorted(set(subject))])"
    finding = audited(with_line(TABLE, "SCORE", mean))["scores"]
    assert finding.result == "found"
    assert "the mean over folds is what it prints" in finding.evidence


def test_a_printed_score_that_no_average_gives_is_found(audited: Audited) -> None:
    finding = audited(with_line(TABLE, "SCORE", "score = .9876"))["scores"]
    assert finding.result == "found"
    assert finding.evidence.startswith("prints UF1 0.9876; pooled UF1 is ")


def test_a_class_that_is_the_place_in_a_listing_is_found(audited: Audited) -> None:
    by_place = with_line(FOLDERS, "CLASSES", "for place, folder in enumerate(os.listdir(side)):")
    found = audited(with_line(by_place, "LABEL", "label = place"), "folders")
    assert found["class order"].result == "found"
    assert found["file order"].result == "passed"


def test_a_result_that_follows_the_order_of_files_is_found(audited: Audited) -> None:
    unsorted = with_line(FOLDERS, "FILES", "for name in os.listdir(os.path.join(side, folder)):")
    first = "means = np.stack([x[y == c][:4].mean(0) for c in range(3)])"
    found = audited(with_line(unsorted, "FIT", first), "folders")
    assert found["file order"].result == "found"
    assert found["class order"].result == "passed"


def test_a_script_that_draws_without_a_seed_gets_numbers_and_no_verdict(audited: Audited) -> None:
    found = audited(with_line(TABLE, "INPUT", "z = x[test] + np.random.default_rng().normal(0, 5, x.shape)[test]"))
    assert results(found)["repeats"] == "unchecked"
    for check in ("test labels", "test features"):
        assert found[check].result == "unchecked"
        assert "; without poison, " in found[check].evidence


@pytest.mark.parametrize(("choice", "result"), [("max", "found"), ("last", "passed")])
def test_the_best_epoch_of_each_subject_is_found_in_epochs_csv(audited: Audited, choice: str, result: str) -> None:
    loop = (
        "tries = [predict(fit(train & (np.arange(len(y)) % 5 != n)), z) for n in range(5)]; "
        f"best = max(tries, key=lambda p: (p == y[test]).sum()) if {choice == 'max'} else tries[-1]; "
        "epochs = globals().setdefault('epochs', []); "
        "epochs += [(n, name, p) for n, t in enumerate(tries) for name, p in zip(names[test], t)]; "
        "means = fit(train)"
    )
    script = with_line(TABLE, "FIT", loop).replace("predicted[test] = predict(means, z)", "predicted[test] = best")
    found = audited(script + "\nwrite('epochs.csv', ('epoch', 'clip', 'predicted'), epochs)\n")
    assert found["best epoch"].result == result
