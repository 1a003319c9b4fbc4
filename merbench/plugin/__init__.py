"""What a plugin author meets: hooks, specs, labels, and how a plugin is loaded, checked and called."""
