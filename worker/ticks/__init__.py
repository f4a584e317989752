"""The keeper's ticks: each does one round of its work and says how much it did."""
