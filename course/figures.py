"""The course's palette, and figures that carry their alt text into JupyterLab, nbconvert and the website."""

import base64
import html
import io

import matplotlib.pyplot as plt
from IPython.display import display

PYTORCH = "#B54708"
TENSORFLOW = "#0072B2"
NUMPY = "#555555"


def show(fig, alt):
    """Display a matplotlib figure with `alt`, the sentence that stands for it where it cannot be seen."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    plt.close(fig)
    png = base64.b64encode(buffer.getvalue()).decode()
    page = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{png}" style="background:#fff;max-width:100%">'
    # JupyterLab and nbconvert drop the alt text of a bare PNG: the HTML form keeps it
    bundle = {"text/html": page, "image/png": png, "text/plain": f"[Figure: {alt}]"}
    display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)
