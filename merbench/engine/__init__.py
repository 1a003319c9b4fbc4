"""Training: the loop, fold batching, precision and seeds."""
