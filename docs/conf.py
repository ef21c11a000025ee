"""Settings of the documentation site.

`make docs` builds it into build/docs, without network access.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from luthier import __version__

project = "luthier"
author = "The luthier authors"
project_copyright = "the luthier authors"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "api_pages",
    "docstrings",
    "figures",
    "links",
]
exclude_patterns = ["_ext", "_static"]
templates_path: list[str] = []

# Markdown. Anchors of headings are spelled as GitHub spells them, so links work there too.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

# Docstrings are Google style, and single backticks mark code in them.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = False
autodoc_type_aliases = {name: name for name in ("Array", "Index", "Mask")}
autodoc_mock_imports = ["ray", "redis", "sqlalchemy"]  # not needed to read docstrings
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"
nitpicky = True

html_theme = "furo"
html_title = f"luthier {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
copybutton_prompt_text = "$ "
