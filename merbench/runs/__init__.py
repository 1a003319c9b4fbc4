"""Runs: resolve a plan, execute it fold by fold, keep the record."""
