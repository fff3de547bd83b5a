"""Numbers per customer: frames in, frames out, on any engine. No I/O, no clock; only types of definitions."""
