"""Zip archives, read as each of their loaders reads them.

`archive.of` gives the parsed archive to any format that is a zip at heart (it is parsed once); `inspection` tells where
readers would disagree about it, and unpacks its members.
"""
