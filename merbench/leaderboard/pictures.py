"""The pictures of the pages, as SVG strings: intervals, reported against honest figures, confusion, subjects, loss.

The classes that a stylesheet must give a `color`, in both themes, and what each is for, are in
`merbench.leaderboard.drawing.CLASSES`:

- `pic-ink`, `pic-muted`: text; `pic-grid`: thin lines; `pic-page`: the page's background
- `pic-accent` (honest), `pic-reported`, `pic-warn` (chosen on the test labels): marks; `pic-band`: soft accent
- `pic-fill0` ... `pic-fill10`: shades of cells, from the page's background to the accent
- `pic-on-low`, `pic-on-high`: numbers on fill0-5, and on fill6-10

Every picture's root is `<svg class="pic" role="img">` with a `viewBox`, and its width in pixels as an attribute:
`.pic { max-width: 100%; height: auto; font-size: inherit }`.
"""
