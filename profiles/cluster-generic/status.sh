#!/bin/sh
# What became of a job of SLURM, in the words of the cluster-generic executor. A question that
# SLURM doesn't answer is no reason to take a job for failed: it asks again.
for pause in 1 5 25 0; do
  state=$(scontrol --oneliner show job "$1" 2>/dev/null | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p')
  case $state in
    COMPLETED) echo success; exit ;;
    PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED) echo running; exit ;;
    ?*) echo failed; exit ;;
  esac
  sleep "$pause"
done
# SLURM has forgotten it (MinJobAge): Snakemake makes it again.
echo failed
