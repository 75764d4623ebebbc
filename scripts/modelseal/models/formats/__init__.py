"""The formats that a scan knows, one module each, which declares it as `FORMAT`. A new one is a new module here."""
