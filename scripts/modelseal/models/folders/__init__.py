"""What only several files of a folder together show, one module each, which declares it as `CHECK`."""
