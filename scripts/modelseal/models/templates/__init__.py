"""Chat templates: judged by their syntax tree as Jinja's own parser reads it, and never rendered."""
