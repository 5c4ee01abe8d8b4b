"""Diglot's package for Python services."""
