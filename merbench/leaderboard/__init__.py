"""Turn records and reported results into pages that anyone can check."""
