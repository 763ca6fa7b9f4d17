"""Running a user's own solver: a command on a deck, its log and results checked, its converter."""

from romlib.external.solver import ExternalRun, ExternalSolver, convert_results, run, take_up

__all__ = ["ExternalRun", "ExternalSolver", "convert_results", "run", "take_up"]
