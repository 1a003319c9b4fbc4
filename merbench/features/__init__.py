"""Features: resolved back to what the sources provide, then computed clip by clip."""
