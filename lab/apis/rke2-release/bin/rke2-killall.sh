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

# Process ids of the programs that RKE2 runs, one a line.
workloads() {
    ps -e -o pid= -o args= | awk '
        { program = $2; sub(/.*\//, "", program) }
        program ~ /^(etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|containerd)$/ {
            print $1
        }'
}

for pid in $(workloads); do
    kill -9 "$pid" 2>/dev/null || true
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
