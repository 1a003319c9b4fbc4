"""Runs: resolves a plan, runs it fold by fold, and keeps the record."""
