"""What lies outside: other people's servers, reached with care."""
