"""The API's paths, one file per noun; each endpoint hands its arguments to one use case."""
