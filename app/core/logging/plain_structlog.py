"""Structlog without rich, which it imports where it can for tracebacks of another kind than ours: 50 ms."""

import sys
from types import ModuleType
from typing import cast

if "rich" in sys.modules:
    import structlog
else:
    sys.modules["rich"] = cast(ModuleType, None)  # so Python says that there is no such module
    try:
        import structlog
    finally:
        del sys.modules["rich"]

__all__ = ["structlog"]
