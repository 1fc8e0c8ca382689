#!/usr/bin/env bash
# Grades a small class on a real Slurm of two nodes, both on this machine, and again without Slurm: the grades must be
# the same. Requeues a task in the middle, and then kills a node with everything that runs on it. Slurm and munge are
# started in a temporary folder, with their own ports, and stopped again; a Slurm that already runs here isn't touched.
# Try it before you ask for time on a cluster.
#
#     docs/grading/slurm/loopback.sh
#
# Needs Debian's slurm-wlm (`apt install slurm-wlm`) and bubblewrap; without them it says LEFT OUT and succeeds.

set -euo pipefail

# slurmctld, slurmd and munged are in /usr/sbin, which isn't in every user's PATH.
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
EACH=16

trial=$(mktemp -d "${TMPDIR:-/tmp}/slurm-loopback.XXXXXX")
# munged requires a folder that others can enter but can't write to.
chmod 755 "$trial"
export SLURM_CONF=$trial/slurm.conf
# A job's variables must not reach the jobs of this trial, should it run in one.
unset "${!SLURM_ARRAY@}" "${!SLURM_JOB@}" "${!SBATCH_@}"

status() { echo "loopback: $SECONDS s: $*" >&2; }

failed() {
    status "FAILED: $*"
    exit 1
}

# Stops only what this script started, by the ids that the daemons recorded.
shut_down() {
    local code=$? daemon
    trap - EXIT
    if ((code != 0)); then
        tail -n 15 "$trial"/*.log "$trial"/out/*.log >&2 2> /dev/null || true
    fi
    scancel --quiet --user="$(id -un)" 2> /dev/null || true
    for daemon in slurmctld slurmd-node1 slurmd-node2 munged; do
        if [[ -s $trial/$daemon.pid ]]; then
            kill "$(< "$trial/$daemon.pid")" 2> /dev/null || true
        fi
    done
    for daemon in slurmctld slurmd-node1 slurmd-node2 munged; do
        # A daemon removes its file when it exits; waiting more than ten seconds barely helps.
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

# Three unused ports.
ports=()
for ((port = 20000 + RANDOM % 20000; ${#ports[@]} < 3; port++)); do
    (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null || ports+=("$port")
done
host=$(hostname -s)
user=$(id -un)

# - One user for everything: slurmd then runs the jobs of this user only, and needs no root.
# - Two nodes at one address have their own ports, and each slurmd is told which node it is. (A Slurm that was built
#   with --enable-multiple-slurmd would need less; Debian's wasn't, and works this way as well.)
# - config_overrides: a node reports two CPUs for each of its tasks, so that all run at the same time.
# - SlurmdTimeout: a node that doesn't answer for this long is lost, and its tasks are started elsewhere.
# - cred_expire: a requeued task waits that long before it starts again, by default two minutes.
cat > "$SLURM_CONF" << CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$trial/munge.socket,cred_expire=5
StateSaveLocation=$trial/state
SlurmdSpoolDir=$trial/spool-%n
SlurmctldPidFile=$trial/slurmctld.pid
SlurmdPidFile=$trial/slurmd-%n.pid
SlurmctldLogFile=$trial/slurmctld.log
SlurmdLogFile=$trial/slurmd-%n.log
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
SlurmdTimeout=6
NodeName=node1 NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=$PARTS RealMemory=$((PARTS * 4096)) State=UNKNOWN
NodeName=node2 NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=$PARTS RealMemory=$((PARTS * 4096)) State=UNKNOWN
PartitionName=all Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP
CONF
# No cgroups: nothing here needs them. Older releases don't know `disabled`, and start without systemd's help.
case $(slurmctld -V) in
    *\ 2[01].* | *\ 22.*) echo 'CgroupPlugin=cgroup/v1' ;;
    *\ 23.*) echo 'IgnoreSystemd=yes' ;;
    *) echo 'CgroupPlugin=disabled' ;;
esac > "$trial/cgroup.conf"
mkdir "$trial/state" "$trial/spool-node1" "$trial/spool-node2"
(umask 077 && head -c 128 /dev/urandom > "$trial/munge.key")

munged --key-file="$trial/munge.key" --socket="$trial/munge.socket" --pid-file="$trial/munged.pid" \
    --log-file="$trial/munged.log" --seed-file="$trial/munged.seed"
slurmctld -c
slurmd -N node1
slurmd -N node2
for ((tries = 0; ; tries++)); do
    [[ $(sinfo --noheader --Node --format=%T 2> /dev/null) == $'idle\nidle' ]] && break
    ((tries < 300)) || failed 'the nodes are not idle after 60 s'
    sleep 0.2
done
status "$(slurmctld -V) is up, its two nodes are idle"

# A class for the first exercise. No two hand in the same bytes, so that no grade is just looked up: right, untouched,
# half of it, and a key that is misspelled.
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

# All are in the roster, along with one who handed in nothing.
{
    echo 'student_id,last_name'
    for ((number = 1; number <= PARTS * EACH + 1; number++)); do printf 's%03d,Student\n' "$number"; done
} > "$trial/roster.csv"

read -r array merge < <("$here/submit.sh" "$trial/class" "$trial/out" "$PARTS" "$trial/roster.csv")
status "job $array with $PARTS tasks, job $merge merges"

# The results in a journal; it also notes who was found.
results() { grep -c '"schema":"size-workshop/grade/1"' "$1" 2> /dev/null || true; }
node_of() { scontrol --oneliner show job "${array}_$1" | grep -o ' NodeList=node[12]' | cut -d= -f2; }

# In the middle: there are some results, but not all.
wait_for_a_result() {
    local tries
    for ((tries = 0; $(results "$trial/out/part-$1/journal.jsonl") + 0 == 0; tries++)); do
        ((tries < 1200)) || failed "task $1 has no result after 120 s"
        sleep 0.05
    done
}

# One task on each node: one is requeued, the other goes down with its node.
lost=0 requeued=0
for ((tries = 0; lost == 0 || requeued == 0; tries++)); do
    ((tries < 300)) || failed 'the tasks do not run on both nodes after 60 s'
    for ((part = PARTS; part > 0; part--)); do
        case $(node_of "$part") in
            node1) requeued=$part ;;
            node2) lost=$part ;;
        esac
    done
    sleep 0.2
done

# The requeue comes first: it is one call, and finding everything that runs on a node takes a while.
wait_for_a_result "$requeued"
scontrol requeue "${array}_$requeued"
requeued_before=$(results "$trial/out/part-$requeued/journal.jsonl")
status "requeued task $requeued after $requeued_before of $EACH results"
cp "$trial/out/part-$requeued/journal.jsonl" "$trial/before-$requeued.jsonl"

wait_for_a_result "$lost"
# What runs on the node: the jobs' processes know its name and this trial, and their parents are Slurm's own, slurmstepd.
kill -KILL "$(< "$trial/slurmd-node2.pid")"
for ((round = 0; round < 2; round++)); do
    for process in /proc/[0-9]*; do
        if grep -qzx "SLURM_CONF=$SLURM_CONF" "$process/environ" 2> /dev/null &&
            grep -qzx SLURMD_NODENAME=node2 "$process/environ" 2> /dev/null; then
            parent=$(sed -n 's/^PPid:\t//p' "$process/status" 2> /dev/null || true)
            if [[ $(cat "/proc/${parent:-none}/comm" 2> /dev/null) == slurmstepd* ]]; then
                kill -KILL "$parent" 2> /dev/null || true
            fi
            kill -KILL "${process#/proc/}" 2> /dev/null || true
        fi
    done
done
rm -f -- "$trial/slurmd-node2.pid"
lost_before=$(results "$trial/out/part-$lost/journal.jsonl")
((lost_before < EACH)) || failed "task $lost was ready before its node could be lost"
status "node2 is gone, with task $lost after $lost_before of $EACH results"
cp "$trial/out/part-$lost/journal.jsonl" "$trial/before-$lost.jsonl"

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

# A task that was stopped continues where it was: nothing is lost, and nothing is graded twice.
went_on() {
    local part=$1 before=$2 kept=$trial/before-$1.jsonl journal=$trial/out/part-$1/journal.jsonl
    # A line that was being written when the node was lost is cut off.
    cmp --bytes="$(head -n "$(wc -l < "$kept")" "$kept" | wc -c)" "$kept" "$journal" || failed "task $part has lost results"
    scontrol show job "${array}_$part" | grep -q 'Restarts=1' || failed "task $part was not started again"
    # It may have finished one more submission between the count and the end of its process. What it found is at least
    # what was counted, and together with what it graded is its whole part.
    local graded known
    read -r graded known < <(sed -n 's/.*graded \([0-9]*\) submissions\{0,1\}, \([0-9]*\) already known.*/\1 \2/p' \
        "$trial/out/part-$part.log" | tail -n 1) || failed "task $part did not go on where it had been stopped"
    # (A busy machine may have let it finish its whole part before the request reached it; then everything is known.)
    ((known >= before && known <= EACH && graded + known == EACH)) ||
        failed "task $part graded $graded submissions and found $known, after $before were ready"
}
went_on "$lost" "$lost_before"
went_on "$requeued" "$requeued_before"
scontrol --oneliner show job "${array}_$lost" | grep -q ' NodeList=node1 ' || failed "task $lost did not move to the other node"
for ((part = 1; part <= PARTS; part++)); do
    (($(results "$trial/out/part-$part/journal.jsonl") == EACH)) || failed "part $part has another number of results than $EACH"
    [[ ! -e $trial/out/part-$part/hidden-inputs.secret ]] || failed "part $part has hidden inputs of its own"
done

cargo xtask grade "$trial/class" --roster "$trial/roster.csv" --out "$trial/alone" 2> "$trial/alone.log"
cmp "$trial/alone/grades.csv" "$trial/out/grades/grades.csv" ||
    failed 'the grades are not those of a single machine'
status "ok: $((PARTS * EACH)) submissions on two nodes, one of them lost, the same grades.csv as on one machine"
