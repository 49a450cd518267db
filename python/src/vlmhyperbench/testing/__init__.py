"""Checks for authors of plug-ins: do they keep their contract?

Also `python -m vlmhyperbench.testing KIND NAME`.
"""

from ._report import Finding, Report
from ._self_check import self_check

__all__ = ["Finding", "Report", "self_check"]
