"""Sphinx reads this: how the site is built. `python -m docs.site` builds it."""

import importlib.metadata
import re

from sphinx.application import Sphinx

project = "merbench"
copyright = "2026, the merbench authors"
version = release = importlib.metadata.version("merbench")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["generate", "**/__pycache__"]
templates_path = ["_templates"]
default_role = "code"  # docstrings quote code with single backticks

myst_heading_anchors = 4  # links to headings, as code hosts make them
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
autodoc_default_options = {"members": True}
napoleon_use_ivar = True
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
highlight_language = "none"

html_theme = "furo"
html_title = "merbench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_search_summary = False  # it would fetch pages, which a browser refuses without a server
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f57b8", "color-brand-content": "#1f57b8"},
    "dark_css_variables": {"color-brand-primary": "#8fb4ff", "color-brand-content": "#8fb4ff"},
}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/leaderboard.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}

# Files beside the folder of the docs have a page of their own on the site, which includes them.
OUTSIDE = {"../SECURITY.md": "security.md", "../CONTRIBUTING.md": "contributing.md", "../CHANGELOG.md": "changelog.md"}


def setup(app: Sphinx) -> None:
    """Change pages as they are read: they are written to be read on a code host too."""
    app.connect("source-read", _adapt)


def _adapt(app: Sphinx, name: str, source: list[str]) -> None:
    for outside, page in OUTSIDE.items():
        source[0] = source[0].replace(f"]({outside}", f"]({page}")
    if name == app.config.root_doc:
        source[0] += _navigation(source[0])


def _navigation(index: str) -> str:
    """The lists of links on the first page are the navigation of all pages."""
    sections = re.findall(r"^## (.+)\n((?:.*\n)*?)(?=^## |\Z)", index, re.MULTILINE)
    trees = []
    for caption, text in sections:
        pages = "\n".join(re.findall(r"^- \[.+?\]\(([\w-]+)\.md\)", text, re.MULTILINE))
        trees.append(f"```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{pages}\n```\n")
    return "\n" + "\n".join(trees)
