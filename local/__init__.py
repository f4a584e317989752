"""The whole service on one machine: servers from wheels, and their supervisor.

Development, the demo and the tests stand on this package.  Production does not:
there the Procfile or compose starts the parts, and the servers are given.
"""
