#!/bin/sh
# After a Snakemake on SLURM was killed (or its login node went down): ends the jobs that it left
# behind in this folder, waits until they are gone, and takes away the lock. To be run where
# Snakemake was: sh profiles/slurm/recover.sh
#
# Jobs that run on would write the files that a new Snakemake's jobs write.
set -eu
left_behind() {
  squeue --me --noheader --format='%A|%j|%Z' |
    awk -F'|' -v folder="$(pwd -P)" '$2 ~ /^topodream_/ && $3 == folder { print $1 }' | sort -u
}
for job in $(left_behind); do
  echo "cancels job $job"
  scancel "$job"
done
while [ -n "$(left_behind)" ]; do sleep 1; done
rm -rf .snakemake/locks
