"""`python -m merbench` is `merbench`."""

import sys

from merbench.cli import main

sys.exit(main())
