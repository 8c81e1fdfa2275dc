"""Edits to installed packages, one module per bug.

In a wheel the modules lie in this folder; in a checkout they lie in `patches/` at the top, which joins the
package's search path here.
"""

from pathlib import Path

_checkout = Path(__file__).resolve().parents[2] / "patches"
if _checkout.is_dir():
    __path__.append(str(_checkout))
