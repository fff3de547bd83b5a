"""The command line: a thin door over app/. Imports nothing heavy before a command runs."""
