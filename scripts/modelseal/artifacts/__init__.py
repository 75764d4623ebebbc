"""Files and trees: hashed once, written down in a manifest, compared with an earlier one."""
