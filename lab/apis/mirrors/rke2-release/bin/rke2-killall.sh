#!/bin/sh
# Ends everything that RKE2 started on this machine and undoes its mounts; the data stays.
# The units use KillMode=process, so stopping them leaves the control plane's processes alone.

if [ "$(id -u)" -ne 0 ]; then
    echo "$(basename "$0"): must be run as root" >&2
    exit 1
fi

RKE2_DATA_DIR=${RKE2_DATA_DIR:-/var/lib/rancher/rke2}

systemctl stop rke2-server.service || true
systemctl stop rke2-agent.service || true

# runs PID START: whether the process runs that has this id and start time in clock ticks.
runs() {
    [ -n "$2" ] && [ "$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20)" = "$2" ]
}

# The processes behind RKE2's static pods and pods: a file each, with id and start time. The kubelet
# first, so that its pods can undo what they did to the network.
for file in "$RKE2_DATA_DIR"/agent/pids/kubelet.pid "$RKE2_DATA_DIR"/agent/pids/*.pid; do
    [ -e "$file" ] || continue
    pid=$(sed -n 1p "$file")
    start=$(sed -n 2p "$file")
    if runs "$pid" "$start"; then
        kill "$pid" 2>/dev/null || true
    fi
    for _ in $(seq 50); do
        runs "$pid" "$start" || break
        sleep 0.1
    done
    if runs "$pid" "$start"; then
        kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f -- "$file"
done

# Mount points below a folder, deepest first.
mounts_below() {
    awk -v root="$1" 'index($2, root) == 1 { print $2 }' /proc/self/mounts | sort -r
}

for folder in /run/k3s /var/lib/kubelet/pods; do
    mounts_below "$folder" | while read -r mount; do
        umount -- "$mount" && rm -rf --one-file-system -- "$mount"
    done
done

for link in cilium_vxlan cilium_net cilium_wg0 kube-ipvs0; do
    ip link delete "$link" 2>/dev/null || true
done

rm -rf -- "$RKE2_DATA_DIR/agent/pod-manifests" /var/lib/cni /run/flannel
