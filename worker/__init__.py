"""Carries jobs out: execute, leases, threads and children, the keeper's ticks."""
