"""What each page shows, as one struct that its template reads and that is its JSON: a page a file."""
