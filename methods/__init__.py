"""The methods under comparison, one file each. `methods.registry` lists them without importing torch."""
