"""Many runs from one file: which there are, carrying them out, and what they show together."""
