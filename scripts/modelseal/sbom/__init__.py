"""Bills of materials: made by Syft, checked before they are handed on."""
