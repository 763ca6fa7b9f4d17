"""Files to begin with: studies, cases, and packages of a converter or a law, for `romlib init`."""
