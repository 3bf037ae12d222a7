// Package volumes lays out the volumes of a pod as the kubelet does, for containers that are processes,
// and reads them for programs of the lab.
package volumes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
)

// Root is where a kubelet keeps the volumes of its pods.
const Root = "/var/lib/kubelet/pods"

// Volumes are those of one pod.
type Volumes struct {
	mu        sync.Mutex
	client    kubernetes.Interface
	pod       *corev1.Pod
	directory string
	node      Node
	field     func(corev1.DownwardAPIVolumeFile) (string, error)
	tokens    map[string]token
	claims    map[string]claim
	// inUse are the attachable volumes that claims have led to.
	inUse map[corev1.UniqueVolumeName]bool
	now   func() time.Time
}

// Node is what volumes of claims need to know of their node.
type Node struct {
	Name string
	// Shared is the directory of the lab with the contents of CSI volumes.
	Shared string
}

// New returns the volumes of a pod, which lie in root/<uid>. field answers for files of the downward API.
func New(
	client kubernetes.Interface, pod *corev1.Pod, root string, node Node, field func(corev1.DownwardAPIVolumeFile) (string, error),
) *Volumes {
	return &Volumes{
		client: client, pod: pod, directory: filepath.Join(root, string(pod.UID)), node: node, field: field,
		tokens: map[string]token{}, claims: map[string]claim{}, inUse: map[corev1.UniqueVolumeName]bool{}, now: time.Now,
	}
}

// Directory is the pod's; files beside the volumes may be kept in it.
func (v *Volumes) Directory() string { return v.directory }

// SetUp brings every volume up to date: it waits for nothing and names what is missing, in the kubelet's
// words. It can be called again when an object has changed.
func (v *Volumes) SetUp(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.each(func(volume corev1.Volume) error { return v.setUp(ctx, volume) })
}

// SetUpPlayed does so for a pod without processes, which needs no files: claims are set up, and the
// objects of other volumes only have to be there.
func (v *Volumes) SetUpPlayed(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return errors.Join(
		v.each(func(volume corev1.Volume) error { return v.look(ctx, volume) }),
		v.each(func(volume corev1.Volume) error {
			if claimName(v.pod, volume) == "" {
				return nil
			}
			return v.setUpClaim(ctx, volume)
		}),
	)
}

func (v *Volumes) each(do func(corev1.Volume) error) error {
	for _, volume := range v.pod.Spec.Volumes {
		if err := do(volume); err != nil {
			return fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", volume.Name, err)
		}
	}
	return nil
}

// look tells which object of a volume is missing.
func (v *Volumes) look(ctx context.Context, volume corev1.Volume) error {
	sources, _, _ := projections(volume)
	for _, source := range sources {
		var err error
		switch {
		case source.ConfigMap != nil:
			_, err = ConfigMap(ctx, v.client, v.pod.Namespace, source.ConfigMap.Name, source.ConfigMap.Optional)
		case source.Secret != nil:
			_, err = Secret(ctx, v.client, v.pod.Namespace, source.Secret.Name, source.Secret.Optional)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *Volumes) setUp(ctx context.Context, volume corev1.Volume) error {
	payload, made, err := v.files(ctx, volume)
	switch {
	case err != nil:
		return err
	case made:
		return writeAtomically(v.path(volume), payload, v.group())
	case volume.EmptyDir != nil:
		return v.emptyDir(v.path(volume))
	case volume.HostPath != nil:
		return hostPath(volume.HostPath)
	}
	return v.setUpClaim(ctx, volume)
}

// path is the volume's directory on the machine.
func (v *Volumes) path(volume corev1.Volume) string {
	if volume.HostPath != nil {
		return volume.HostPath.Path
	}
	if one, claimed := v.claims[volume.Name]; claimed {
		return one.path
	}
	return filepath.Join(v.directory, "volumes", plugin(volume), volume.Name)
}

// plugin is the directory that the volume's plugin has among the pod's volumes.
func plugin(volume corev1.Volume) string {
	switch {
	case volume.ConfigMap != nil:
		return "kubernetes.io~configmap"
	case volume.Secret != nil:
		return "kubernetes.io~secret"
	case volume.DownwardAPI != nil:
		return "kubernetes.io~downward-api"
	case volume.Projected != nil:
		return "kubernetes.io~projected"
	}
	return "kubernetes.io~empty-dir"
}

// group is the pod's fsGroup.
func (v *Volumes) group() *int64 {
	if v.pod.Spec.SecurityContext == nil {
		return nil
	}
	return v.pod.Spec.SecurityContext.FSGroup
}

// emptyDir is everybody's, as the kubelet's (pkg/volume/emptydir); memory and size limits are not played.
func (v *Volumes) emptyDir(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	if group := v.group(); group != nil {
		return errors.Join(os.Chown(path, -1, int(*group)), os.Chmod(path, 0o777|os.ModeSetgid))
	}
	return os.Chmod(path, 0o777)
}

// hostPath checks the type of a path of the machine, and makes what may be made
// (https://kubernetes.io/docs/concepts/storage/volumes/#hostpath).
func hostPath(source *corev1.HostPathVolumeSource) error {
	kind := corev1.HostPathUnset
	if source.Type != nil {
		kind = *source.Type
	}
	info, err := os.Stat(source.Path)
	switch kind {
	case corev1.HostPathDirectoryOrCreate:
		if errors.Is(err, os.ErrNotExist) {
			return os.MkdirAll(source.Path, 0o755)
		}
	case corev1.HostPathFileOrCreate:
		if errors.Is(err, os.ErrNotExist) {
			return os.WriteFile(source.Path, nil, 0o644)
		}
	case corev1.HostPathUnset:
		// A runtime makes a directory of what is missing.
		if errors.Is(err, os.ErrNotExist) {
			return os.MkdirAll(source.Path, 0o755)
		}
		return err
	}
	directory := kind == corev1.HostPathDirectory || kind == corev1.HostPathDirectoryOrCreate
	regular := kind == corev1.HostPathFile || kind == corev1.HostPathFileOrCreate
	if err != nil || directory && !info.IsDir() || regular && !info.Mode().IsRegular() {
		return fmt.Errorf("hostPath type check failed: %s is not a %s", source.Path, kind)
	}
	return nil
}

// TearDown removes what the pod's volumes keep on the machine; what claims hold stays.
func (v *Volumes) TearDown() error { return os.RemoveAll(v.directory) }
