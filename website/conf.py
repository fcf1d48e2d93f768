"""Sphinx's settings: everything that a page needs comes from the site itself."""

from pathlib import Path

project = html_title = "PyTorch for TensorFlow users"
language = "en"
author = "the course's authors"
copyright = "the course's authors, BSD 3-Clause"
extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton", "website.extension"]

exclude_patterns = ["downloads"]  # files to take home, no pages
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
nb_execution_mode = "off"  # `make course` has run them
nb_ipywidgets_js = {}  # its default is a script from elsewhere
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
nb_merge_streams = True
html_math_renderer = "mathml"

copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div.cell_input pre, div.highlight-sh pre"

html_theme = "sphinx_book_theme"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "static/favicon.svg"
html_search_scorer = str(Path(__file__).with_name("search.js"))
html_context = {"default_mode": "auto"}
html_use_index = False
html_copy_source = False  # each lesson links to its own notebook instead
html_show_sphinx = False
html_theme_options = {
    "navbar_persistent": [],  # the search field would stand twice
    "use_download_button": False,
    "use_source_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "github-dark-high-contrast",
}
html_sidebars = {"**": ["navbar-logo", "search-button-field", "sbt-sidebar-nav"]}
suppress_warnings = ["mystnb.unknown_mime_type"]
