"""The Lambda functions, one module each: they wire what `thermik` has, once for each cold start.

While a function starts, Python's garbage collector rests: what is imported stays, and looking through it again and
again for what might go takes a sixth of the start. Imported by something else than Lambda, this changes nothing.
"""

import gc
import os

from thermik.startup import without_pydantic_plugins

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()
    without_pydantic_plugins()


def started() -> None:
    """All is imported: from now on the collector works, and looks at what requests leave only."""
    gc.freeze()
    gc.enable()
