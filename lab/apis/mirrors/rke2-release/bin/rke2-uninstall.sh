#!/bin/sh
# Removes RKE2 from this machine: processes, units, programs, configuration and all data.
set -eu

if [ "$(id -u)" -ne 0 ]; then
    echo "$(basename "$0"): must be run as root" >&2
    exit 1
fi

RKE2_DATA_DIR=${RKE2_DATA_DIR:-/var/lib/rancher/rke2}
INSTALL_RKE2_ROOT=${INSTALL_RKE2_ROOT:-/usr/local}

killall="$(dirname "$0")/rke2-killall.sh"
if [ -e "$killall" ]; then
    sh "$killall"
fi

if command -v systemctl >/dev/null 2>&1; then
    for unit in rke2-server rke2-agent; do
        systemctl disable "$unit" || true
        systemctl reset-failed "$unit" 2>/dev/null || true
    done
fi

rm -f "$INSTALL_RKE2_ROOT"/lib/systemd/system/rke2-*.service
rm -f "$INSTALL_RKE2_ROOT"/lib/systemd/system/rke2-*.env
rm -f /etc/systemd/system/rke2-*.service
if command -v systemctl >/dev/null 2>&1; then
    systemctl daemon-reload || true
fi

rm -f "$INSTALL_RKE2_ROOT/bin/rke2" "$INSTALL_RKE2_ROOT/bin/rke2-killall.sh"
rm -rf "$INSTALL_RKE2_ROOT/share/rke2"
rm -rf /etc/rancher/rke2 /etc/rancher/node /etc/cni /opt/cni/bin /var/lib/cni
rm -rf /var/log/pods /var/log/containers
rm -rf --one-file-system /var/lib/kubelet || true
rm -rf -- "$RKE2_DATA_DIR"
rmdir /etc/rancher /var/lib/rancher 2>/dev/null || true

rm -f "$INSTALL_RKE2_ROOT/bin/rke2-uninstall.sh"
