#!/usr/bin/env bash
# Slurm prolog: keeps a job off a node whose environment cannot run verl. In slurm.conf:
#
#     Prolog=/etc/slurm/prolog.d/verl-doctor.sh
#     PrologFlags=Alloc
#
# It runs as root on each node before the job, so it must be quick: files and driver, no rollout. Slurm drains the node
# where it fails; that is meant for a node that is broken, not for a question that stayed open, which is only logged.
# A report that cannot be kept changes nothing of the answer.
# Variables are left out, for those of a prolog are not the job's; the job looks at its own.
set -u

doctor=${VERL_DOCTOR:-/opt/verl-doctor/bin/verl-doctor}
environment=${VERL_ENVIRONMENT:-/opt/venv}
reports=${VERL_DOCTOR_REPORTS:-/var/log/verl-doctor}
node=${SLURMD_NODENAME:-$(hostname)}

[ -n "${SLURM_JOB_GPUS:-}" ] || exit 0 # not a job for the GPUs

options=()
if mkdir -p "$reports"; then options+=(--report "json=$reports/$SLURM_JOB_ID-$node.json"); fi
said=$(env -i PATH="$PATH" CUDA_VISIBLE_DEVICES="$SLURM_JOB_GPUS" timeout 60 "$doctor" preflight --quiet \
    --prefix "$environment" --level none ${options[@]+"${options[@]}"} 2>&1)
status=$?
logger --tag verl-doctor --id=$$ "job $SLURM_JOB_ID: exit code $status: $said"

[ "$status" -eq 1 ] || exit 0
scontrol update "NodeName=$node" State=DRAIN "Reason=verl-doctor: ${said:0:200}"
exit 1
