package rook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"homelab/lab/cluster/kubelet/program"
)

const (
	// attached has a file for each disk that the machine has beside its root disk, named by its slot, with its size in bytes.
	attached = "/run/lab/machine/disks"
	// contents has what is on those disks: nothing, or the id of a Ceph and the number of a daemon.
	contents = "/var/lib/lab/disks"
	// byID is how udev names the disks of a machine from Proxmox VE 9 on; see the components' proxmox/disks.ts for sources.
	byID = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-"
)

// RunDaemon is a daemon that does nothing but run.
func RunDaemon(ctx context.Context, c program.Container) error {
	c.Ready(true)
	<-ctx.Done()
	return nil
}

// RunPrepare looks for the disks that it is told of and makes a daemon's number for each that is there and blank.
func RunPrepare(ctx context.Context, c program.Container) error {
	var devices []string
	if err := json.Unmarshal([]byte(c.Env["ROOK_DATA_DEVICES"]), &devices); err != nil {
		return fmt.Errorf("ROOK_DATA_DEVICES: %w", err)
	}
	client, err := kubernetes.NewForConfig(c.API)
	if err != nil {
		return err
	}
	found := prepared{Round: c.Env["LAB_ROUND"], OSDs: map[string]disk{}}
	for _, device := range devices {
		taken, err := takeDisk(Directory, attached, contents, c.Env["ROOK_CEPH_FSID"], device)
		if err != nil {
			return err
		}
		if taken != nil {
			found.OSDs[device] = *taken
		}
	}
	status, err := json.Marshal(found)
	if err != nil {
		return err
	}
	configs := client.CoreV1().ConfigMaps(c.Env["POD_NAMESPACE"])
	wanted := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: statusName(c.Node), Labels: map[string]string{"app": "rook-ceph-osd", "node": c.Node}},
		Data:       map[string]string{"status": string(status)},
	}
	_, err = configs.Update(ctx, wanted, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = configs.Create(ctx, wanted, metav1.CreateOptions{})
	}
	return err
}

// disk is what stands on one: the number of its daemon, and what tells it from others that have had the number.
type disk struct {
	ID   int    `json:"id"`
	UUID string `json:"uuid"`
}

// takeDisk gives what stands on a disk of this Ceph, or makes a new daemon's number where it is blank. It is passed over when it
// is not there or has something else on it.
func takeDisk(directory, attached, contents, fsid, device string) (*disk, error) {
	slot, named := strings.CutPrefix(device, byID)
	if !named || strings.Contains(slot, "/") {
		return nil, nil
	}
	bytes, err := size(attached, slot)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	owner, found, err := signature(contents, slot)
	if err != nil {
		return nil, err
	}
	if owner == fsid {
		return &found, nil
	}
	if owner != "" {
		return nil, nil
	}
	taken := disk{UUID: uuid.NewString()}
	err = Change(directory, fsid, func(s *State) error {
		taken.ID = s.free()
		s.OSDs[taken.ID] = &OSD{UUID: taken.UUID, Bytes: bytes, In: true, Since: time.Now()}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(contents, 0o755); err != nil {
		return nil, err
	}
	return &taken, os.WriteFile(filepath.Join(contents, slot), fmt.Appendf(nil, "%s %d %s\n", fsid, taken.ID, taken.UUID), 0o600)
}

// size is that of a machine's disk in bytes.
func size(attached, slot string) (int64, error) {
	text, err := os.ReadFile(filepath.Join(attached, slot))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// signature is what stands on a disk: the Ceph and its daemon; empty on a blank one.
func signature(contents, slot string) (fsid string, found disk, err error) {
	text, err := os.ReadFile(filepath.Join(contents, slot))
	if errors.Is(err, fs.ErrNotExist) {
		return "", disk{}, nil
	}
	if err != nil {
		return "", disk{}, err
	}
	if _, err := fmt.Sscanf(string(text), "%s %d %s", &fsid, &found.ID, &found.UUID); err != nil {
		return "", disk{}, fmt.Errorf("%s: %w", slot, err)
	}
	return fsid, found, nil
}

// RunOSD is a disk's daemon. On a machine whose disk is another one by now it ends, as the real one's first container does.
func RunOSD(ctx context.Context, c program.Container) error {
	own, err := ownDisk(contents, c)
	if err != nil {
		return err
	}
	place, err := crushLocation(c.Spec.Args)
	if err != nil {
		return err
	}
	// Another container of the real one's makes use of a disk that has grown (rook, osd/spec.go: getExpandInitContainer).
	bytes, err := size(attached, strings.TrimPrefix(c.Env["ROOK_BLOCK_PATH"], byID))
	if err != nil {
		return err
	}
	err = Change(Directory, c.Env["ROOK_CEPH_FSID"], func(s *State) error { return s.start(own.ID, own.UUID, bytes, place) })
	if err != nil {
		return err
	}
	return RunDaemon(ctx, c)
}

// ownDisk finds the disk by the daemon's number alone, whatever UUID the Deployment has (rook, osd/spec.go: find_device).
func ownDisk(contents string, c program.Container) (disk, error) {
	fsid, found, err := signature(contents, strings.TrimPrefix(c.Env["ROOK_BLOCK_PATH"], byID))
	if err != nil {
		return disk{}, err
	}
	if fsid != c.Env["ROOK_CEPH_FSID"] || strconv.Itoa(found.ID) != c.Env["ROOK_OSD_ID"] {
		return disk{}, fmt.Errorf("no disk of %s is that of osd.%s", c.Node, c.Env["ROOK_OSD_ID"])
	}
	return found, nil
}

// RunCleanup empties the disks of its node, as it is told only where all data is to go.
func RunCleanup(_ context.Context, _ program.Container) error { return os.RemoveAll(contents) }

// Operator tells whether a container of Rook's image is the operator.
func Operator(container *corev1.Container) bool {
	return slices.Equal(container.Args, []string{"ceph", "operator"})
}

// Program is what a container of Rook's or Ceph's image does; nil for one whose command is a shell's.
func Program(container *corev1.Container) program.Program {
	switch {
	case Operator(container):
		return RunOperator
	case container.Name == "provision":
		return RunPrepare
	case container.Name == "host-cleanup":
		return RunCleanup
	case container.Name == "osd":
		return RunOSD
	case container.Name == "mon":
		return RunMonitor
	case container.Name == "mgr":
		return RunManager
	case container.Name == "exporter":
		return RunExporter
	case container.Name == "rgw":
		return RunGateway
	case len(container.Command) > 0 && strings.HasSuffix(container.Command[0], "bash"):
		return nil
	}
	return RunDaemon
}
