"""The online stage: reduced Newton, on a laptop, without MPI."""
