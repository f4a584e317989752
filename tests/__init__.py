"""The tests; a package, so that they share a few words such as `until`."""
