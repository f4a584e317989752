"""The page audit: what is wrong with a web page, where, and how to fix it."""
