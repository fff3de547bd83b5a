"""Definitions are data: YAML or JSON on the outside, frozen and valid objects inside. No frames, no SQL, no network."""
