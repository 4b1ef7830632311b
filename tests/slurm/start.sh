#!/usr/bin/env bash
# A Slurm cluster of one machine, for tests: Debian's slurm-wlm and munge, as root, with a key and a configuration of its own.
#   tests/slurm/start.sh FOLDER [CPUS]   starts it; then `SLURM_CONF=FOLDER/slurm.conf sinfo` shows it
#   tests/slurm/start.sh --stop FOLDER   ends it
set -euo pipefail

if [ "${1:-}" = --stop ]; then
    for name in slurmd slurmctld munged; do
        [ -f "$2/$name.pid" ] && kill "$(cat "$2/$name.pid")" 2>/dev/null || true
    done
    exit 0
fi
folder=$(realpath -m "$1") cpus=${2:-2}
for tool in munged slurmctld slurmd sbatch; do
    PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || { echo "no $tool: apt-get install slurm-wlm munge" >&2; exit 3; }
done
PATH=$PATH:/usr/sbin
mkdir -p "$folder"/{state,spool,log}
chmod 755 "$folder"
host=$(hostname -s)
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

(umask 077; head -c 1024 /dev/urandom > "$folder/munge.key")
munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
    --seed-file="$folder/munge.seed" --log-file="$folder/log/munged.log" 2> "$folder/log/munged.err"

cat > "$folder/slurm.conf" <<CONF
ClusterName=xlsd
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
# A job that was requeued waits until its credential has run out; two minutes by default.
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=1
KillWait=5
InactiveLimit=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
# The signal that asks a job to go away comes before the end, as it does before the time limit.
SlurmctldParameters=preempt_send_user_signal
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN
PartitionName=low Nodes=$host Default=YES MaxTime=INFINITE PriorityTier=1 GraceTime=20 State=UP
PartitionName=high Nodes=$host MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF State=UP
CONF
export SLURM_CONF="$folder/slurm.conf"
slurmctld -c
slurmd -c -N "$host" 2>/dev/null || slurmd -c
for _ in $(seq 300); do
    if sinfo -h -p low -t idle -o %D 2>/dev/null | grep -q 1; then
        exit 0
    fi
    sleep 1
done
echo "Slurm does not come up:" >&2
tail -n 20 "$folder"/log/*.log >&2
exit 1
