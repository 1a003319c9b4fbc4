"""The conformance kit: checks that a plugin keeps the rules, for the tests of its author.

    import my_package
    from merbench.testing import parametrize_with_checks

    @parametrize_with_checks(my_package.merbench_models())
    def test_my_plugin_keeps_the_rules(check):
        check()

`merbench plugin check NAME` runs the same checks and prints a report.
"""

from merbench.testing.findings import CheckFailed
from merbench.testing.kit import (
    check_executor,
    check_feature,
    check_model,
    check_protocol,
    check_source,
    parametrize_with_checks,
)

__all__ = [
    "CheckFailed",
    "check_executor",
    "check_feature",
    "check_model",
    "check_protocol",
    "check_source",
    "parametrize_with_checks",
]
