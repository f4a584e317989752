"""The peers: programs that their workers run, and what starts and reads them."""
