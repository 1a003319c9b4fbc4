"""From a release on disk to a labelled table of clips."""
