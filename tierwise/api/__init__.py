"""The HTTP door: JSON under /api/v1 over app/, errors as RFC 9457, one token. Mounts a console that it is given."""
