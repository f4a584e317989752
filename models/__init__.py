"""What the service remembers: tables, transitions, queries.  Imports nobody else."""
