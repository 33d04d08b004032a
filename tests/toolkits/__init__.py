"""A package, since tests/docs has a file of the name of one of these, too."""
