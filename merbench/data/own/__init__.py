"""Own clips: a table and a folder of images or videos that the user imported, without a plugin."""
