"""What each record of a file would do to the content: read, named, judged, and put together, many at a time."""
