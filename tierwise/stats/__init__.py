"""Numbers in, numbers out: no frames, no definitions, no clock."""
