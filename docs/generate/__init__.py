"""Writes what ages in the documentation: `python -m docs.generate`, or with `--check` says what is out of date.

A page holds generated text between two comments, `<!-- generated: NAME -->` and `<!-- end -->`; `BLOCKS` in `pages`
says which function writes NAME. Everything comes from the committed records, the measurements in
`tests/benchmarks/measured.json`, the registered plugins and the command line's own parser.
"""
