"""`Comm` on MPI: the only module of romlib that imports mpi4py, itself imported only in a run that MPI launched."""

from __future__ import annotations

import pickle
import sys
import time
from typing import Any, NoReturn

import numpy as np
from mpi4py import MPI
from mpi4py.util import pkl5

from romlib.errors import RomlibError
from romlib.parallel.comm import Comm

CHUNK = 16 * 2**20  # bytes of a piece in transit: small beside a piece, large beside the latency of a message
_TAG_SUM, _TAG_VALUE, _TAG_DONE = 1, 2, 3
_NAP = 0.02  # seconds between two looks at whether rank 0 is done


class MpiComm(Comm):
    """Ranks of an MPI communicator.

    Values go through mpi4py's out-of-band pickling (protocol 5): the arrays in them are sent as buffers, without a
    copy, and may exceed 2 GiB.
    """

    def __init__(self, communicator: MPI.Intracomm) -> None:
        super().__init__()
        self._mpi = pkl5.Intracomm(communicator)
        self.rank = communicator.Get_rank()
        self.size = communicator.Get_size()

    def bcast(self, value: Any, root: int = 0) -> Any:
        """Broadcast of Python objects; their arrays as buffers."""
        self._checkpoint()
        return self._mpi.bcast(value, root=root)

    def gather(self, value: Any) -> list[Any] | None:
        """Gather of Python objects; their arrays as buffers."""
        self._checkpoint()
        return self._mpi.gather(value, root=0)

    def allgather(self, value: Any) -> list[Any]:
        """Gather of Python objects on every rank."""
        self._checkpoint()
        return self._mpi.allgather(value)

    def barrier(self) -> None:
        """MPI_Barrier."""
        self._checkpoint()
        self._mpi.Barrier()

    def sum_pieces(self, contributions: dict[int, np.ndarray]) -> np.ndarray:
        """One piece after the other goes to rank 0 in chunks; the total goes back to every rank."""
        arrays = {piece: np.asarray(array) for piece, array in sorted(contributions.items())}
        layout = self._layout(arrays)
        length = max(1, CHUNK // layout.dtype.itemsize)
        with self.agreement():  # a rank without the memory for the total must not leave the others sending
            total = np.empty(layout.shape, dtype=layout.dtype)
            flat = total.reshape(-1)
            buffer = np.empty(min(length, flat.size), dtype=layout.dtype) if self.rank == 0 else None
        for piece in layout.order:
            owner = layout.owner[piece]
            if self.rank not in (0, owner):
                continue
            own = arrays[piece].reshape(-1) if self.rank == owner else None
            for start in range(0, flat.size, length):
                part = slice(start, min(start + length, flat.size))
                if own is not None:
                    block = np.ascontiguousarray(own[part], dtype=layout.dtype)
                if owner != 0:
                    if self.rank == owner:
                        self._mpi.Send(block, dest=0, tag=_TAG_SUM)
                        continue
                    assert buffer is not None
                    block = buffer[: part.stop - part.start]
                    self._mpi.Recv(block, source=owner, tag=_TAG_SUM)
                # The first piece is copied, not added to zero, as in a serial run: 0.0 + -0.0 is 0.0.
                if piece == layout.order[0]:
                    flat[part] = block
                else:
                    flat[part] += block
        for start in range(0, flat.size, length):
            self._mpi.Bcast(flat[start:start + length], root=0)
        return total

    def abort(self, code: int) -> NoReturn:
        """MPI_Abort."""
        sys.stdout.flush()
        sys.stderr.flush()
        self._mpi.Abort(code)
        raise SystemExit(code)

    def _settle(self, error: BaseException | None) -> None:
        """One small reduction; where a rank has failed, its error is broadcast and raised on every rank."""
        first = np.array([self.size if error is None else self.rank], dtype=np.int64)
        self._mpi.Allreduce(MPI.IN_PLACE, first, op=MPI.MIN)
        failed = int(first[0])
        if failed == self.size:
            return
        if failed == self.rank:
            assert error is not None
            self._mpi.bcast(_portable(error), root=failed)
        else:
            error = self._mpi.bcast(None, root=failed)
            error.add_note(f"raised on rank {failed}")
        error.agreed = True  # type: ignore[union-attr]  # every rank has it: no further exchange on its way up
        raise error

    def _sleep_until_root_is_done(self) -> None:
        if self.rank == 0:
            for rank in range(1, self.size):
                self._mpi.send(None, dest=rank, tag=_TAG_DONE)
            return
        while not self._mpi.iprobe(source=0, tag=_TAG_DONE):
            time.sleep(_NAP)
        self._mpi.recv(source=0, tag=_TAG_DONE)

    def _to_root(self, value: Any, source: int) -> Any:
        self._checkpoint()
        if source == 0:
            return value
        if self.rank == source:
            self._mpi.send(value, dest=0, tag=_TAG_VALUE)
        return self._mpi.recv(source=source, tag=_TAG_VALUE) if self.rank == 0 else None


def world() -> MpiComm:
    """All ranks, on a communicator of our own, so that no message of another library is taken for ours."""
    return MpiComm(MPI.Intracomm(MPI.COMM_WORLD.Dup()))


def _portable(error: BaseException) -> BaseException:
    """The error itself where it survives pickling, else a RomlibError with its type and text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a foreign exception does when it is rebuilt, the other ranks must get an answer
        return RomlibError(f"{type(error).__name__}: {error}")
    return error
