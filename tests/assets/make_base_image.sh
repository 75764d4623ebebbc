#!/bin/sh
# Makes the image that the sample project is built on where no container registry can be reached: Debian bookworm's
# base system with its Python and pip, straight from the Debian archive.
#
#   make_base_image.sh [NAME]        NAME is modelseal-base:bookworm by default
#
# Does nothing when the image is there. DEBIAN_MIRROR names another mirror, DOCKER another Docker client.
set -eu
export LC_ALL=C.UTF-8

name=${1:-modelseal-base:bookworm}
mirror=${DEBIAN_MIRROR:-} # without one, debootstrap knows Debian's own
docker=${DOCKER:-docker}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

stop() {
  echo "make_base_image.sh: $1" >&2
  exit 3
}

command -v "$docker" >/dev/null || stop "There is no \`$docker\` command. Install Docker (Debian: apt-get install docker.io)."
"$docker" info >/dev/null 2>&1 || stop "The Docker engine does not answer. Start it, or check that you may use it."
if "$docker" image inspect "$name" >/dev/null 2>&1; then
  exit 0
fi
[ "$(id -u)" = 0 ] || stop "Making the base image needs root (debootstrap changes into the new system). Run it with sudo."
command -v debootstrap >/dev/null || stop "There is no debootstrap. Install it (Debian: apt-get install debootstrap)."
[ -r "$keyring" ] || stop "$keyring is missing. Install it (Debian: apt-get install debian-archive-keyring)."

work=$(mktemp -d "${TMPDIR:-/tmp}/modelseal-base.XXXXXX")
# Never into what is mounted there: debootstrap mounts /proc in the new system while it works.
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
root=$work/root

echo "Making the base image $name from ${mirror:-the Debian archive} ..." >&2
debootstrap --variant=minbase --keyring="$keyring" --include=ca-certificates,python3,python3-pip \
  bookworm "$root" ${mirror:+"$mirror"} >"$work/log" 2>&1 || {
  tail -n 20 "$work/log" >&2
  stop "debootstrap failed; its last lines are above. Check that the mirror can be reached, or set DEBIAN_MIRROR."
}

# What this machine or this moment left behind, and what a container does not read. Copyright files stay: they are
# where an SBOM's licences come from.
cd "$root"
rm -rf etc/hostname etc/resolv.conf var/cache/apt/* var/lib/apt/lists/* var/log/* var/cache/ldconfig/* \
  var/cache/debconf/*-old var/lib/dpkg/*-old usr/share/man/* usr/share/info/* usr/share/locale/* tmp/*
find usr/share/doc -type f ! -name copyright -delete
find usr/share/doc -type d -empty -delete
: >etc/machine-id
# The day each account's password was last changed: the day of the installation.
sed -i -E 's/^([^:]*:[^:]*):[0-9]+:/\1:19000:/' etc/shadow
rm -f etc/shadow- etc/passwd- etc/group- etc/gshadow-

# Files that the installation made are dated by the archive's release, not by the clock; then the archive, mirror
# aside, decides every byte of the layer.
newest=$(stat -c %Y usr/share/doc/*/copyright | sort -n | tail -n 1)
tar --create --file="$work/layer.tar" --sort=name --numeric-owner --mtime="@$newest" --clamp-mtime --one-file-system \
  --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' .
"$docker" import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'CMD ["bash"]' "$work/layer.tar" "$name" >"$work/id"
echo "Made $name: $(cat "$work/id")" >&2
