"""Records and reported results become pages that anyone can check."""
