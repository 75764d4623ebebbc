"""The configurations in which Keras describes models: which classes and functions loading them would look up and call.

They are in the attributes of HDF5 files, in `.keras` archives, in JSON documents, and in the metadata of SavedModels.
"""
