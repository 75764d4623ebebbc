"""What people read: tables and job summaries."""
