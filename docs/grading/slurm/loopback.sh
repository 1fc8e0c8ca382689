#!/usr/bin/env bash
# Grades a small class on a real Slurm that consists of this machine only, and once more without Slurm: the grades must be
# the same. Requeues a task in the middle. Slurm and munge are started in a temporary folder, with ports of their own, and
# stopped again; a Slurm that runs here already isn't touched. Try it before you ask for time on a cluster.
#
#     docs/grading/slurm/loopback.sh
#
# Needs Debian's slurm-wlm (`apt install slurm-wlm`) and bubblewrap; without them it says LEFT OUT and succeeds.

set -euo pipefail

# slurmctld, slurmd and munged are in /usr/sbin, which isn't in everybody's PATH.
PATH=$PATH:/usr/sbin
for program in munged slurmctld slurmd sbatch scontrol bwrap; do
    if ! command -v "$program" > /dev/null; then
        echo "LEFT OUT: there is no $program (Debian, Ubuntu: apt install slurm-wlm bubblewrap)" >&2
        exit 0
    fi
done

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cd -- "$here/../../.."
PARTS=4
EACH=3

trial=$(mktemp -d "${TMPDIR:-/tmp}/slurm-loopback.XXXXXX")
# munged wants a folder that others can enter, and can't write to.
chmod 755 "$trial"
export SLURM_CONF=$trial/slurm.conf
# A job's variables must not reach the jobs of this trial, should it run in one.
unset "${!SLURM_ARRAY@}" "${!SLURM_JOB@}" "${!SBATCH_@}"

status() { echo "loopback: $SECONDS s: $*" >&2; }

failed() {
    status "FAILED: $*"
    exit 1
}

# Ends what this script has started, and nothing else: by the ids that the daemons wrote down.
shut_down() {
    local code=$? daemon
    trap - EXIT
    if ((code != 0)); then
        tail -n 15 "$trial"/*.log "$trial"/out/*.log >&2 2> /dev/null || true
    fi
    scancel --quiet --user="$(id -un)" 2> /dev/null || true
    for daemon in slurmctld slurmd munged; do
        if [[ -s $trial/$daemon.pid ]]; then
            kill "$(< "$trial/$daemon.pid")" 2> /dev/null || true
        fi
    done
    for daemon in slurmctld slurmd munged; do
        # A daemon takes its file away when it has ended; there is little to wait for after ten seconds.
        for ((tries = 0; tries < 100; tries++)); do
            if [[ ! -s $trial/$daemon.pid ]] || ! kill -0 "$(< "$trial/$daemon.pid")" 2> /dev/null; then break; fi
            sleep 0.1
        done
    done
    if ((code == 0)); then rm -rf -- "$trial"; else status "what is left is in $trial"; fi
    exit "$code"
}
trap shut_down EXIT
trap 'exit 130' INT TERM

# Two ports that nobody listens on.
ports=()
for ((port = 20000 + RANDOM % 20000; ${#ports[@]} < 2; port++)); do
    (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null || ports+=("$port")
done
node=$(hostname -s)
user=$(id -un)

# - One user for everything: slurmd then runs the jobs of this user only, and needs no root.
# - config_overrides: the node says that it has as many processors as there are parts, so that all run at the same time.
# - cred_expire: a requeued task waits that long before it starts again, by default two minutes.
cat > "$SLURM_CONF" << CONF
ClusterName=loopback
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$trial/munge.socket,cred_expire=5
StateSaveLocation=$trial/state
SlurmdSpoolDir=$trial/spool
SlurmctldPidFile=$trial/slurmctld.pid
SlurmdPidFile=$trial/slurmd.pid
SlurmctldLogFile=$trial/slurmctld.log
SlurmdLogFile=$trial/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=3
NodeName=$node NodeAddr=127.0.0.1 CPUs=$((PARTS * 2)) RealMemory=$((PARTS * 8192)) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
# No cgroups: nothing here needs them. Older releases don't know `disabled`, and start without systemd's help.
case $(slurmctld -V) in
    *\ 2[01].* | *\ 22.*) echo 'CgroupPlugin=cgroup/v1' ;;
    *\ 23.*) echo 'IgnoreSystemd=yes' ;;
    *) echo 'CgroupPlugin=disabled' ;;
esac > "$trial/cgroup.conf"
mkdir "$trial/state" "$trial/spool"
(umask 077 && head -c 128 /dev/urandom > "$trial/munge.key")

munged --key-file="$trial/munge.key" --socket="$trial/munge.socket" --pid-file="$trial/munged.pid" \
    --log-file="$trial/munged.log" --seed-file="$trial/munged.seed"
slurmctld -c
slurmd -N "$node"
for ((tries = 0; ; tries++)); do
    [[ $(sinfo --noheader --format=%T 2> /dev/null) == idle ]] && break
    ((tries < 300)) || failed 'the node is not idle after 60 s'
    sleep 0.2
done
status "$(slurmctld -V) is up, its node is idle"

# A class of the first exercise. No two hand in the same bytes, so that nothing is graded by looking it up: right,
# untouched, half of it, and a key that is misspelled.
for ((number = 0; number < PARTS * EACH; number++)); do
    folder=$(printf '%s/class/s%03d/ex1' "$trial" "$((number + 1))")
    mkdir -p "$folder"
    case $((number % 4)) in
        0) cat solutions/ex1/Cargo.toml ;;
        1) cat exercises/ex1/starter/Cargo.toml ;;
        2) grep -v '^strip' solutions/ex1/Cargo.toml ;;
        3) sed 's/^opt-level/opt_level/' solutions/ex1/Cargo.toml ;;
    esac > "$folder/Cargo.toml"
    printf '# %d\n' "$number" >> "$folder/Cargo.toml"
done

read -r array merge < <("$here/submit.sh" "$trial/class" "$trial/out" "$PARTS")
status "job $array with $PARTS tasks, job $merge merges"

lines() { if [[ -f $1 ]]; then wc -l < "$1"; else echo 0; fi; }

# In the middle: a result is there, and not all of them.
journal=$trial/out/part-2/journal.jsonl
for ((tries = 0; $(lines "$journal") == 0; tries++)); do
    ((tries < 1200)) || failed 'task 2 has no result after 120 s'
    sleep 0.1
done
scontrol requeue "${array}_2"
before=$(lines "$journal")
((before < EACH)) || failed "task 2 was ready before it could be requeued"
status "requeued task 2 after $before of $EACH results"
cp "$journal" "$trial/before.jsonl"

for ((tries = 0; ; tries++)); do
    state=$(scontrol --oneliner show job "$merge" | grep -o 'JobState=[A-Z_]*')
    case $state in
        JobState=COMPLETED) break ;;
        JobState=PENDING | JobState=RUNNING | JobState=COMPLETING | JobState=CONFIGURING) ;;
        *) failed "the merge job ended with $state" ;;
    esac
    ((tries < 600)) || failed 'the merge has not come after 300 s'
    sleep 0.5
done
status 'all parts are graded and merged'

cmp --bytes="$(stat -c %s "$trial/before.jsonl")" "$trial/before.jsonl" "$journal" ||
    failed 'the requeued task has lost results'
scontrol show job "${array}_2" | grep -q 'Restarts=1' || failed 'task 2 was not started again'
grep -q "$((EACH - before)) submissions\?, $before known before" "$trial/out/part-2.log" ||
    failed 'the requeued task did not go on where it had been stopped'
for ((part = 1; part <= PARTS; part++)); do
    (($(lines "$trial/out/part-$part/journal.jsonl") == EACH)) || failed "part $part has another number of results than $EACH"
done

cargo xtask grade "$trial/class" --out "$trial/alone" 2> "$trial/alone.log"
cmp "$trial/alone/grades.csv" "$trial/out/grades/grades.csv" ||
    failed 'the grades are not those of a single machine'
status "ok: $((PARTS * EACH)) submissions, the same grades.csv as on one machine"
