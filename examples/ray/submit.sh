#!/usr/bin/env bash
# Submits a training to a Ray cluster, behind a preflight:
#
#     RAY_ADDRESS=http://head:8265 bash submit.sh python3 -m verl.trainer.main_ppo trainer.n_gpus_per_node=8 ...
set -euo pipefail
cd "$(dirname "$0")"

ray job submit --working-dir . --runtime-env runtime_env.yaml -- bash entrypoint.sh "$@"
