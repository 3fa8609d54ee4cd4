"""Seeing what runs do."""

from millstream.diagnostics.progress import ProgressBar

__all__ = ["ProgressBar"]
