"""Typed calls: what `diglot` is made of. Nothing here is to be imported by applications."""
