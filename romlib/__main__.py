"""`python -m romlib` is `romlib`."""

from romlib.cli import main

if __name__ == "__main__":
    main()
