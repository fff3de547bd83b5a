"""Use cases: one function per thing that anyone can ask for. Permission and audit are checked here, once."""
