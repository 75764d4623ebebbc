#!/usr/bin/env bash
# Sets up what the demo and the tests need of the machine. Does nothing that is done already.
#
#   setup.sh python|node|engine|docker|chromium
#
# engine: a Docker engine that runs, and the sample project's base image; docker: a registry and the tests' needs as well
#
# What is missing is installed with apt-get where this runs as root on Debian or Ubuntu; otherwise it is named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { echo "set-up: $*" >&2; }

need() { # COMMAND PACKAGE...: the command must be there; packages have it
  local command=$1
  shift
  command -v "$command" >/dev/null && return
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    say "\`$command\` is missing. Install it (Debian, Ubuntu: sudo apt-get install $*), then run this again."
    exit 3
  fi
  say "installing $* with apt-get"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

engine_answers() { docker info >/dev/null 2>&1; }

# A process that was killed leaves its number behind, and the engine waits for it: in vain if nobody has reaped it.
forget_the_dead() { # PIDFILE
  local process
  process=$(cat "$1" 2>/dev/null) || return 0
  [[ -e /proc/$process/exe ]] || rm -f "$1"
}

start_engine() {
  engine_answers && return
  if [[ $(id -u) != 0 ]]; then
    say 'no Docker engine answers. Start it (sudo systemctl start docker), or join the group docker, then run this again.'
    exit 3
  fi
  say 'starting the Docker engine'
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker
  else
    forget_the_dead /var/run/docker.pid
    forget_the_dead /var/run/docker/containerd/containerd.pid
    setsid nohup dockerd >/var/log/dockerd.log 2>&1 </dev/null &
  fi
  for _ in $(seq 60); do
    engine_answers && return
    sleep 1
  done
  say 'the Docker engine did not start within a minute; its last lines:'
  tail -n 5 /var/log/dockerd.log >&2 || true
  exit 3
}

engine() {
  need openssl openssl
  need docker docker.io
  engine_answers || need dockerd docker.io
  start_engine
  docker image inspect modelseal-base:bookworm >/dev/null 2>&1 || need debootstrap debootstrap
  bash assets/make_base_image.sh
}

case ${1:-} in
  python)
    need python3 python3 python3-venv python3-pip
    python3 -c 'import ensurepip, venv' 2>/dev/null || need no-python3-venv python3-venv python3-pip
    ;;
  node)
    need node nodejs
    need npm npm
    ;;
  engine)
    engine
    ;;
  docker)
    need git git
    need jq jq
    need docker-registry docker-registry
    need skopeo skopeo
    need softhsm2-util softhsm2
    engine
    ;;
  chromium)
    need chromium chromium fonts-liberation
    ;;
  *)
    say "usage: setup.sh python|node|engine|docker|chromium"
    exit 2
    ;;
esac
