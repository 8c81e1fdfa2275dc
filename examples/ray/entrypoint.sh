#!/usr/bin/env bash
# The job's entrypoint: looks at the environment of the cluster's own Python, then becomes the training. Where that
# cannot run verl the job has failed, and its log says of what. The entrypoint runs on one node, usually the head; with
# VERL_DOCTOR_LEVEL=quick it also tries a rollout there, if that node has a GPU.
set -euo pipefail

verl-doctor preflight --python "$(command -v python3)" --level "${VERL_DOCTOR_LEVEL:-none}"
exec "$@"
