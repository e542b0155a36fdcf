"""Records as they are stored: their states read, and written."""
