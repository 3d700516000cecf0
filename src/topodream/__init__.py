"""topodream: small topographic neural maps, trained reproducibly."""

__version__ = "0.1.0"
