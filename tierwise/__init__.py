"""Tierwise: customer stratification and lifecycle operations."""

__version__ = "0.1.0"
