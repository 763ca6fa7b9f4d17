"""Named collectives over the ranks of a run, of which a serial run is the case with one rank.

The rest of romlib sees a `Comm` and never mpi4py. Two promises are kept here, once, for everybody:

* No rank is left waiting. A failure on one rank inside `agreement` is raised on every rank, even where the others have
  already entered a collective: each collective first asks whether some rank has failed (`_checkpoint`).
* A sum over pieces does not depend on how many ranks share them: it is added up in piece order (`sum_pieces`).
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import numpy as np

from romlib.errors import InputError, RomlibError
from romlib.launcher import launched_ranks
from romlib.parallel.session import refuse_full_session_folder
from romlib.words import plural

T = TypeVar("T")


class Comm:
    """The ranks of a run and what they do together; this base class is a run with one rank.

    Every method is collective: all ranks call it, in the same order. Arrays inside the values travel as buffers.
    """

    rank: int = 0
    size: int = 1

    def __init__(self) -> None:
        self._inside_root = False

    def bcast(self, value: T, root: int = 0) -> T:
        """The value of rank `root`, on every rank."""
        self._checkpoint()
        return value

    def gather(self, value: T) -> list[T] | None:
        """The values of all ranks in rank order on rank 0; None elsewhere."""
        self._checkpoint()
        return [value]

    def allgather(self, value: T) -> list[T]:
        """The values of all ranks in rank order, on every rank."""
        self._checkpoint()
        return [value]

    def barrier(self) -> None:
        """Wait until every rank is here."""
        self._checkpoint()

    def sum_pieces(self, contributions: dict[int, np.ndarray]) -> np.ndarray:
        """Sum of one array per piece over all pieces of all ranks, in piece order: bitwise the same for any ranks.

        Parameters
        ----------
        contributions : piece number -> array, all of one shape; a rank without pieces passes {}.

        Returns
        -------
        a new array, the same on every rank. Rank 0 holds it and one chunk of a piece at a time, never all pieces.

        Raises
        ------
        InputError : on every rank, when there is nothing to sum, a piece is given twice, or shapes differ.
        """
        arrays = {piece: np.asarray(array) for piece, array in sorted(contributions.items())}
        layout = self._layout(arrays)
        total = np.array(arrays[layout.order[0]], dtype=layout.dtype)
        for piece in layout.order[1:]:
            total += arrays[piece]
        return total

    def stream_pieces(
        self, pieces: Iterable[int], produce: Callable[[int], T], consume: Callable[[int, T], None]
    ) -> None:
        """Pass one value per piece to rank 0, in piece order, one at a time.

        Parameters
        ----------
        pieces : the pieces of this rank.
        produce : called on the rank that has the piece, when it is the piece's turn.
        consume : called on rank 0 with the piece and its value. An error in either is raised on every rank.
        """
        owner = self._owners(list(pieces))
        for piece in sorted(owner):
            value, source = None, owner[piece]
            with self.agreement():
                if source == self.rank:
                    value = produce(piece)
            value = self._to_root(value, source)
            with self.agreement():
                if self.rank == 0:
                    consume(piece, value)  # type: ignore[arg-type]
                value = None

    def on_root(self, function: Callable[[], T]) -> T:
        """Run `function` on rank 0; its result, or its exception, on every rank. It may not call collectives."""
        self._checkpoint()
        result, error = self._at_root(function)
        self._settle(error)
        return self.bcast(result)  # type: ignore[return-value]

    def on_root_for_long(self, function: Callable[[], T]) -> T:
        """`on_root` for what takes minutes: the other ranks sleep meanwhile, where MPI would keep their cores busy."""
        self._checkpoint()
        try:
            result, error = self._at_root(function)
        finally:
            self._sleep_until_root_is_done()
        self._settle(error)
        return self.bcast(result)  # type: ignore[return-value]

    @contextmanager
    def agreement(self) -> Iterator[None]:
        """Work that may fail on one rank: at exit every rank raises the error of the first rank that failed, if any.

        Collectives may be called inside: a rank that waits in one raises the error of the rank that will not come.
        """
        error: BaseException | None = None
        try:
            yield
        except (Exception, SystemExit) as failure:
            if is_agreed(failure):
                raise
            error = failure
        self._settle(error)

    def abort(self, code: int) -> NoReturn:
        """End every rank at once with this exit status; the last resort of the command line."""
        raise SystemExit(code)

    def _at_root(self, function: Callable[[], T]) -> tuple[T | None, BaseException | None]:
        """What the function gives on rank 0, and what it raises; nothing on the others."""
        if self.rank != 0:
            return None, None
        self._inside_root = True
        try:
            return function(), None
        except (Exception, SystemExit) as failure:
            return None, failure
        finally:
            self._inside_root = False

    # What a run with several ranks does differently.

    def _sleep_until_root_is_done(self) -> None:
        """Rank 0 says that it is done; the others wait for that without using their cores."""

    def _checkpoint(self) -> None:
        """Raise here if another rank has failed; refuse a collective that only rank 0 would enter."""
        if self._inside_root:
            raise RuntimeError("a collective was called inside Comm.on_root, where the other ranks never arrive")
        self._settle(None)

    def _settle(self, error: BaseException | None) -> None:
        """Raise the error of the first rank that has one, on every rank."""
        if error is not None:
            raise error

    def _to_root(self, value: Any, source: int) -> Any:
        """The value of rank `source` on rank 0."""
        return value

    def _layout(self, arrays: dict[int, np.ndarray]) -> Layout:
        """What all ranks together have to sum; the same checks fail on every rank."""
        return Layout.agree(self.allgather({piece: (array.shape, array.dtype) for piece, array in arrays.items()}))

    def _owners(self, pieces: list[int]) -> dict[int, int]:
        return _owners(self.allgather(pieces))


def is_agreed(error: BaseException | None) -> bool:
    """Whether every rank is on its way up with this error, or with the one in whose cleaning up it was raised.

    A rank that asked the others once more would wait for ranks that have left.
    """
    while error is not None:
        if getattr(error, "agreed", False):
            return True
        error = error.__context__
    return False


class Layout:
    """Pieces in order, the rank of each, and the common shape and type of their arrays."""

    def __init__(self, order: list[int], owner: dict[int, int], shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.order, self.owner, self.shape, self.dtype = order, owner, shape, dtype

    @classmethod
    def agree(cls, headers: list[dict[int, tuple[tuple[int, ...], np.dtype]]]) -> Layout:
        """Combine what each rank has: piece -> (shape, dtype)."""
        owner = _owners([list(header) for header in headers])
        if not owner:
            raise InputError("there is no piece to sum", remedy="at least one rank has to contribute a piece")
        order = sorted(owner)
        shapes = {piece: headers[owner[piece]][piece][0] for piece in order}
        shape = shapes[order[0]]
        for piece, other in shapes.items():
            if other != shape:
                raise InputError(
                    "the pieces to sum have arrays of different shapes", place=f"piece {piece}, rank {owner[piece]}",
                    expected=f"{shape}, as piece {order[0]}", found=other)
        dtype = np.result_type(*(headers[owner[piece]][piece][1] for piece in order))
        return cls(order, owner, shape, dtype)


def _owners(pieces_of_rank: list[list[int]]) -> dict[int, int]:
    owner: dict[int, int] = {}
    for rank, pieces in enumerate(pieces_of_rank):
        for piece in pieces:
            if piece in owner:
                raise InputError(
                    "a piece is given twice", place=f"piece {piece}", found=f"on ranks {owner[piece]} and {rank}")
            owner[piece] = rank
    return owner


def pieces_of_rank(n_piece: int, comm: Comm) -> range:
    """The contiguous pieces of this rank; their numbers differ by at most one between ranks.

    Raises
    ------
    InputError : there are more ranks than pieces.
    """
    if comm.size > n_piece:
        raise InputError(
            f"{comm.size} ranks cannot share {plural(n_piece, 'piece')}",
            expected=f"at most {plural(n_piece, 'rank')}", found=comm.size,
            remedy="start fewer ranks (mpirun -n), or convert again with more pieces (romlib convert --pieces)")
    return range(comm.rank * n_piece // comm.size, (comm.rank + 1) * n_piece // comm.size)


def serial() -> Comm:
    """A run with one rank; needs no mpi4py."""
    return Comm()


@functools.cache
def world() -> Comm:
    """All ranks of this run. mpi4py is imported only where an MPI launcher has started several.

    Raises
    ------
    RomlibError : started by a launcher, and mpi4py is missing or belongs to another MPI than the launcher, or there is
        no room for what MPI writes: see `romlib.parallel.session`.
    """
    n_launched = launched_ranks()
    if n_launched is None or n_launched == 1:
        return serial()
    refuse_full_session_folder()
    try:
        mpi = importlib.import_module("romlib.parallel.mpi")
    except ImportError as error:
        raise RomlibError(
            f"an MPI launcher started this run with {n_launched or 'several'} ranks, but mpi4py cannot be imported "
            f"({error})\n  to do: install mpi4py for this MPI (Debian: python3-mpi4py, otherwise pip install "
            "'romlib-mechanics[mpi]'), or start without mpirun") from error
    comm = mpi.world()
    if n_launched and comm.size != n_launched:
        raise RomlibError(
            f"the MPI launcher started {n_launched} ranks, but mpi4py sees {comm.size}\n  to do: use the mpirun of the "
            "MPI that mpi4py was built with (python -m mpi4py --prefix; mpirun --version)")
    return comm if comm.size > 1 else serial()
