"""The command line: the same engine without a window. Nothing heavy is imported before a command runs."""

from core.cli.command_line import main as main
