"""An example of a package that adds a constitutive law and a converter to romlib."""
