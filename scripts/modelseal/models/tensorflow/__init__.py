"""TensorFlow graphs: SavedModels, frozen graphs and what is beside them. Operators are named, and never run."""
