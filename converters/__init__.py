"""A rendered dataset into other formats. Reads :class:`spec_schema.Dataset`; never renders.

One format, one module. Start at :mod:`converters.cli`; docs/converters.md describes the formats.
"""
