"""XML and HTML: what a parser would fetch, and what a viewer would run."""
