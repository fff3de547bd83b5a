"""The console: thin pages over app/, served under /console."""
