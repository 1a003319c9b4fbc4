"""Writes the parts of the documentation that go out of date: `python -m docs.generate`.

With `--check` the command only says which files are out of date.

A page holds generated text between two comments, `<!-- generated: NAME -->` and `<!-- end -->`; `BLOCKS` in `pages`
says which function writes NAME. Everything comes from the committed records, the measurements in
`tests/benchmarks/measured.json`, the registered plugins and the command line's own parser.
"""
