package volumes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"

	"homelab/lab/cluster/kubelet/process"
)

// Mounts are the mounts of a container; subPathExpr is expanded from its environment. A subPath that does
// not exist becomes a directory where the volume can be written.
func (v *Volumes) Mounts(container *corev1.Container, environment map[string]string) (mounts []process.Mount, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, wanted := range container.VolumeMounts {
		volume, ok := v.named(wanted.Name)
		if !ok {
			return nil, fmt.Errorf("volume %q of container %q does not exist", wanted.Name, container.Name)
		}
		below := wanted.SubPath
		if wanted.SubPathExpr != "" {
			below = expansion.Expand(wanted.SubPathExpr, expansion.MappingFuncFor(environment))
		}
		source := v.path(volume)
		if below != "" {
			if source, err = subPath(source, below); err != nil {
				return nil, fmt.Errorf("failed to prepare subPath for volumeMount %q of container %q: %w", wanted.Name, container.Name, err)
			}
		}
		mounts = append(mounts, process.Mount{Source: source, Target: wanted.MountPath, ReadOnly: wanted.ReadOnly || v.readOnly(volume)})
	}
	return mounts, nil
}

func (v *Volumes) named(name string) (corev1.Volume, bool) {
	for _, volume := range v.pod.Spec.Volumes {
		if volume.Name == name {
			return volume, true
		}
	}
	return corev1.Volume{}, false
}

// readOnly says of which volumes no container may write: those made of objects always.
func (v *Volumes) readOnly(volume corev1.Volume) bool {
	if one, claimed := v.claims[volume.Name]; claimed {
		return one.readOnly
	}
	_, _, made := projections(volume)
	return made
}

// subPath is a path inside of a volume, with links resolved; none may lead out of it.
func subPath(root, below string) (string, error) {
	if !filepath.IsLocal(below) {
		return "", fmt.Errorf("%q must not lead out of the volume", below)
	}
	path := filepath.Join(root, below)
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		if err = makeBelow(root, below); err == nil {
			resolved, err = filepath.EvalSymlinks(path)
		}
	}
	if err != nil {
		return "", err
	}
	base, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	if resolved != base && !strings.HasPrefix(resolved, base+"/") {
		return "", fmt.Errorf("%q leads out of the volume", below)
	}
	return resolved, nil
}

// makeBelow makes a subPath's missing directories with the mode of their volume, so that whoever writes the one writes the
// other (pkg/kubelet/kubelet_pods.go, makeMounts; pkg/volume/util/subpath, doSafeMakeDir).
func makeBelow(root, below string) error {
	volume, err := os.Stat(root)
	if err != nil {
		return err
	}
	mode := volume.Mode() & (os.ModePerm | os.ModeSetgid)
	path := root
	for _, name := range strings.Split(filepath.Clean(below), "/") {
		path = filepath.Join(path, name)
		switch err := os.Mkdir(path, mode); {
		case errors.Is(err, os.ErrExist):
		case err != nil:
			return err
		default:
			// The process' mask has taken bits away.
			if err := os.Chmod(path, mode); err != nil {
				return err
			}
		}
	}
	return nil
}
