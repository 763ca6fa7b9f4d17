#!/usr/bin/env bash
# Build CalculiX with user materials (UMATs) from Debian's own source package: Debian's binary cannot load them.
#
#   cases/calculix_plate/build_ccx.sh [FOLDER]        FOLDER/ccx is the program; FOLDER is out/calculix by default
#
# A few minutes on two cores; instant when FOLDER/ccx is there already. Debian 12 and recent Ubuntu. Nothing of the
# system's configuration is changed: the list of sources stands in FOLDER. Build dependencies are installed, with sudo
# when not root. Exit status 0: built. Not 0: it could not be, and the last line says why.
set -euo pipefail

folder=${1:-out/calculix}
log=build.log
# Compilers; SPOOLES (direct solver), ARPACK and LAPACK, which CalculiX links; dpkg-dev unpacks source packages.
dependencies=(gcc gfortran make dpkg-dev libspooles-dev libarpack2-dev liblapack-dev)
# Part of a message that is there only with the option of step 3.
mark="invalid material name"

give_up() { echo "CalculiX was not built: $1" >&2; exit 1; }
has_user_materials() { [[ -x $1 ]] && grep -aq "$mark" "$1"; }

mkdir -p "$folder"
cd "$folder"
folder=$PWD
if has_user_materials ccx; then
    echo "$folder/ccx is there already"
    exit 0
fi
command -v apt-get >/dev/null || give_up "this system has no apt-get; build CalculiX with -DCALCULIX_EXTERNAL_BEHAVIOURS_SUPPORT and -ldl by hand"

echo "1. packages: ${dependencies[*]}"
missing=()
for package in "${dependencies[@]}"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $state == installed ]] || missing+=("$package")
done
if ((${#missing[@]})); then
    as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || give_up "these packages are missing: ${missing[*]}"
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq >"$log" 2>&1 || true # what is known already may be enough
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >>"$log" 2>&1 || give_up "packages could not be installed, see $folder/$log"
fi

# apt-get source needs lines deb-src, which most systems lack. Ours are in a file of our own, for the same site and
# release as the binary package, and apt is told to keep everything that belongs to them here.
echo "2. Debian's source package calculix-ccx"
read -r site release component < <(LC_ALL=C apt-cache policy calculix-ccx \
    | awk '$2 ~ /:\/\// {split($3, part, "/"); print $2, part[1], part[2]; exit}') \
    || give_up "apt knows no package calculix-ccx"
mkdir -p apt/lists/partial apt/cache/archives/partial source
signed=$(awk '$1 == "Signed-By:" {print $2; exit}' /etc/apt/sources.list.d/{debian,ubuntu}.sources 2>/dev/null || true)
printf 'deb-src %s%s %s %s\n' "${signed:+[signed-by=$signed] }" "$site" "$release" "$component" >apt/sources.list
options=(-o "Dir::Etc::SourceList=$folder/apt/sources.list" -o Dir::Etc::SourceParts=-
    -o "Dir::State::Lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache")
if ((EUID == 0)); then options+=(-o APT::Sandbox::User=root); fi
apt-get "${options[@]}" update -qq >>"$log" 2>&1 || give_up "the list of source packages cannot be fetched, see $folder/$log"
(cd source && apt-get "${options[@]}" -qq source calculix-ccx >>"../$log" 2>&1) \
    || give_up "the source package cannot be fetched, see $folder/$log"
sources=$(echo "$folder"/source/calculix-ccx-*/ccx_*/src)
[[ -f $sources/Makefile ]] || give_up "the source package has no ccx_*/src/Makefile"
version=$(basename "$(dirname "$sources")")

# Debian's options (debian/rules), and the one that makes CalculiX look for a library where the name of a material
# begins with @. dlopen, which opens it, is in libdl.
echo "3. compiling $version"
make -C "$sources" -j "$(nproc)" "$version" \
    CFLAGS='-O2 -I/usr/include/spooles -DARCH=Linux -DSPOOLES -DARPACK -DMATRIXSTORAGE -DUSE_MT=1 -DCALCULIX_EXTERNAL_BEHAVIOURS_SUPPORT' \
    FFLAGS='-O2 -fallow-argument-mismatch -w' \
    LIBS='-lspooles -lpthread -larpack -llapack -lblas -lm -lc -ldl' >>"$log" 2>&1 \
    || give_up "the compilation failed, see the end of $folder/$log"

# Under its name only when it is whole.
echo "4. $folder/ccx"
has_user_materials "$sources/$version" || give_up "the program has no user materials, see $folder/$log"
cp "$sources/$version" ccx.new
mv ccx.new ccx
