"""Files in: read, conform, merge. Every row of a file is accepted, replaced, unchanged, ignored or quarantined."""
