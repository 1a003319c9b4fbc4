"""Fault injection: what a command does when a file operation fails, a bit flips, or somebody's file is nonsense.

`python -m tests.faults` prints what was tried, what survived, and how to repeat each finding. Four parts: `moments`
(file operations that fail), `damage` (bits of merbench's own files), `mutations` (files of others) and `concurrency`.
"""
