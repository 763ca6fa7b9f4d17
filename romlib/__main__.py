"""`python -m romlib` is `romlib`."""

try:
    from romlib.cli import main
except KeyboardInterrupt:  # as in `romlib.cli.main`
    raise SystemExit(130) from None

if __name__ == "__main__":
    main()
