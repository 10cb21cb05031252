"""Configuration of the documentation: Sphinx, with pages that are run when they are built."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import matplotlib as mpl

import glassnet

mpl.use("Agg")
warnings.simplefilter("error")

# Pages that are made of tables: two of those that the tests hold, and two of constructors.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "catalogue"))
sys.path.insert(0, str(Path(__file__).parent))
import argument_table  # noqa: E402
import conventions  # noqa: E402
import keras_table  # noqa: E402
import known_numbers  # noqa: E402

for page in (argument_table, conventions, keras_table, known_numbers):
    (Path(__file__).parent / f"{page.__name__}.rst").write_text(page.as_rst(), encoding="utf-8")

project = "glassnet"
author = "The glassnet developers"
project_copyright = "2026, the glassnet developers"
version = release = glassnet.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
html_theme = "furo"
html_title = "glassnet"
html_static_path = ["_static"]
html_css_files = ["programs.css"]
exclude_patterns = ["_build", "learn"]
templates_path: list[str] = []
autosummary_generate = True
numpydoc_show_class_members = False
nitpicky = False
suppress_warnings = ["ref.ref"]  # methods inherited from scikit-learn refer to labels of its own pages

sphinx_gallery_conf = {
    "examples_dirs": "learn",
    "gallery_dirs": "pages",
    "filename_pattern": r"/\w+\.py$",  # every page is run, and its figures and output are those of that run
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 10_000,
    "show_signature": False,
    "remove_config_comments": True,
    "reset_modules": (),
}
