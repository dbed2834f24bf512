#!/usr/bin/env bash
# Builds both images without a Docker engine, and tries them: size, user, health of
# luigid, a load against the sandbox, SIGTERM in the middle of one. Needs buildah and
# podman, and `make test`'s virtual environment; some minutes.
#
#   deploy/try_image.sh                                    on a Debian made here, as root
#   deploy/try_image.sh mirror.example.com/python:3.13-slim
#
# SHARDLINE_BUILD_IMAGE names another image with the compiler. What is built stays in
# build/images, so that the next time is quick; `make clean` removes it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 0 ] || export SHARDLINE_BASE_IMAGE=$1
exec .venv/bin/python -m pytest tests/deploy/test_image.py --verbose -m long
