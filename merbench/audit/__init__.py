"""Run somebody's own training script with a poisoned test side, and look whether predictions move that must not.

`run.audit` lays clips in a folder, runs the script on them as they are and then poisoned, and returns one `Finding` for
each check. The script runs in processes of its own; nothing of it is imported here.
"""

from __future__ import annotations

from merbench.audit.clips import AuditError, Clips
from merbench.audit.findings import Finding
from merbench.audit.process import Target
from merbench.audit.run import audit

__all__ = ["AuditError", "Clips", "Finding", "Target", "audit"]
