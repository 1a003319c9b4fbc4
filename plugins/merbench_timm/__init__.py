"""Any architecture of the library timm, as `timm:NAME`."""
