#!/usr/bin/env bash
# Looks at the node that the container was started on, then becomes the command. VERL_DOCTOR_LEVEL=quick tries a rollout
# too (a minute), VERL_DOCTOR_LEVEL=skip looks at nothing.
set -euo pipefail

doctor=${VERL_DOCTOR:-/opt/verl-doctor/bin/verl-doctor}
level=${VERL_DOCTOR_LEVEL:-none}

if [ "$level" != skip ]; then
    "$doctor" preflight --quiet --python "$(command -v "$TRAINING_PYTHON")" --level "$level" >&2
fi
exec "$@"
