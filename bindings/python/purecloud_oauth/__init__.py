"""The OAuth API of Genesys Cloud (PureCloud).

`OAuthApi` has the operations for asyncio, `BlockingOAuthApi` the same operations for blocking code.
"""

# For annotations of records: dataclasses and libraries that use them resolve annotations in this module.
import datetime

from . import _base
from ._native import purecloud_oauth as _generated
from ._native.purecloud_oauth import *

Optional = _base.Optional()

__all__ = _generated.__all__


def __dir__():
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
