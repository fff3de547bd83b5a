"""The business's files as facts, through the importer, in a home beside them."""
