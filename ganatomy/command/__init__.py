"""The library's subcommands: one module each, found by `ganatomy/__main__.py` without a list.

A module's name is the subcommand (``-`` for ``_``), the first line of its docstring the line in
``--help``, and it has two functions: ``add_arguments(parser)`` and ``run(arguments) -> int``, which
returns the exit code and raises `InputError` for what a user can mend. Heavy imports stand in
``run``: ``--help`` reads every module here. A module whose name begins with ``_`` is no subcommand.
This is the one place of the library where YAML may be read.
"""
