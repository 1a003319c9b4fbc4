"""A plugin whose import fails, as one does that needs a library which is not there."""

import a_library_that_nobody_has_installed  # noqa: F401
