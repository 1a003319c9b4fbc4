"""The plugin interface: hooks, specs and labels, and how plugins are loaded, checked and called."""
