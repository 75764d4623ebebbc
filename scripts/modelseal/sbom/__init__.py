"""The software bill of materials: made by Syft, read and checked before anyone else relies on it."""
