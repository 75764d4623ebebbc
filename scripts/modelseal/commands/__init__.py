"""One module a station: typed inputs in, outcome out."""
