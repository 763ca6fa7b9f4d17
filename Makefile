# make demo    set up, then the turbine blade of cases/turbine_blade: training, reduced order model, errors, pictures
# make test    set up, then lint, types and the whole test suite, at one and at two MPI ranks
# make setup   the set-up alone. A second run finds everything in place.
# make demo-plate  the smaller case of cases/plate_demo, which needs no PETSc
# make docs    set up, then the pages of docs/ as a site in out/docs; the generated ones are made anew
# make clean   remove the environment and what the runs left
#
# On Debian (and Ubuntu) the packages that pip has not are installed with apt-get, through sudo when not root.
# Elsewhere (conda, a cluster): make test PYTHON=python APT= with an environment that has mpi4py and mpirun.

PYTHON ?= /usr/bin/python3
APT    ?= $(shell command -v apt-get)
VENV   ?= .venv
BIN    := $(VENV)/bin
RANKS  ?= 2
MPIRUN ?= mpirun --oversubscribe

# python3-petsc4py is for `romlib solve` and `certify`, and OpenBLAS makes its factorisations eight times faster.
# libEGL and Mesa's software renderer are for pictures without a screen. CalculiX is a solver for the tests to run.
PACKAGES := openmpi-bin python3-mpi4py python3-petsc4py libopenblas0-serial python3-venv \
            libegl1 libgl1 libgl1-mesa-dri libxrender1 gfortran libc6-dev calculix-ccx gmsh
# The tests look at the report as a browser shows it: 0.3 GB, which nobody else needs.
BROWSER  := chromium
EXTRAS   := converters,nastran,dictionary,life,plot,data,docs,test
# Debian compiles mpi4py against NumPy 1; elsewhere the choice is pip's.
CONSTRAINTS := $(if $(APT),-c constraints.txt)
INSTALL  := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS)

# One thread a rank; mpirun started by root (a container) needs to be told that this is meant.
export OMP_NUM_THREADS ?= 1
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1

.PHONY: help setup system demo demo-plate test docs clean

help:
	@sed -n 's/^# //p' Makefile | head -6

setup: $(VENV)/.installed

# Renewed when the metadata change; the sources themselves are used in place. What was installed under the former name
# goes first: it would list every law and converter a second time, and take the command along when it is removed later.
$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt .ci/petsc4py | $(VENV)/.created
	@$(BIN)/python -m pip uninstall -qq --yes romlib
	@rm -rf romlib.egg-info
	$(INSTALL) -e '.[$(EXTRAS)]'
	@$(BIN)/python -c 'import mpi4py' 2>/dev/null \
	    || $(INSTALL) -e '.[mpi]'
	@[ -z '$(APT)' ] || ./.ci/petsc4py $(BIN)/python
	@touch $@

# With the system's packages: mpi4py has to be the one that was built for the system's MPI.
$(VENV)/.created: | system
	$(PYTHON) -m venv --system-site-packages $(VENV)
	@touch $@

system:
	@[ -z '$(APT)' ] || ./.ci/packages $(PACKAGES)

demo: setup
	$(BIN)/python cases/turbine_blade/run.py --ranks $(RANKS)

demo-plate: setup
	$(BIN)/python cases/plate_demo/run.py

test: setup
	@[ -z '$(APT)' ] || ./.ci/packages $(BROWSER)
	@./.ci/suite '$(BIN)' '$(RANKS)' '$(MPIRUN)'

# Nothing is fetched: strict, so that a link that leads nowhere fails.
docs: setup
	$(BIN)/python docs/tools
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs --quiet build --strict
	@echo 'out/docs/index.html; with the search: python -m http.server -d out/docs'

clean:
	rm -rf $(VENV) build out .pytest_cache .ruff_cache .mypy_cache .hypothesis
