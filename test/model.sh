#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# test/model.sh [ALLOCATIONS [SEED]]
# Sixteen nodes hold so many allocations (100000) whose owners change at random, and all of it is held
# against a model: with 1, 2, 3 and 4 workers, then on links that lose, double and reorder 2 % of the
# frames. The build is build/, or $SHMX_BUILD; $MODEL_STEPS random steps follow once all are held.
set -euo pipefail
[[ $# -le 2 && ${1:-1} =~ ^[1-9][0-9]*$ && ${2:-1} =~ ^[0-9]+$ ]] ||
	{ sed -n '4,7s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
export MODEL_ALLOCS=${1:-100000} MODEL_LIMIT=1200
seed=${2:-$RANDOM}
for run in 1 2 3 4 1:2 4:2; do
	MODEL_WORKERS=${run%:*}
	MODEL_FAULTS=off
	[[ $run == "$MODEL_WORKERS" ]] || MODEL_FAULTS=drop=2%,dup=2%,reorder=2%/8,seed=$((seed + 1))
	export MODEL_WORKERS MODEL_FAULTS
	SHMX_SEED=$((seed++)) "$(dirname "$0")/system/model_test.sh"
done
