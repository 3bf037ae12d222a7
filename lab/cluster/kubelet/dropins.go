package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// dropIn is what is looked at of a file of the kubelet's --config-dir: that it is one, and that nodes can end their pods by it.
type dropIn struct {
	metav1.TypeMeta
	ShutdownGracePeriod              metav1.Duration
	ShutdownGracePeriodCriticalPods  metav1.Duration
	ShutdownGracePeriodByPodPriority []struct {
		Priority                   int32
		ShutdownGracePeriodSeconds int64
	}
}

// checkDropIns refuses what the kubelet refuses of the folder's files, each over those before it (kubernetes, cmd/kubelet/app/server.go,
// mergeKubeletConfigurations, and pkg/kubelet/apis/config/validation). No pods end by them here.
func checkDropIns(folder string) error {
	merged := dropIn{}
	if folder == "" {
		return nil
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".conf" {
			return err
		}
		return readDropIn(path, &merged)
	})
	// RKE2 makes the folder as it starts.
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("failed to merge kubelet configs: failed to walk through kubelet dropin directory %q: %w", folder, err)
	}
	if err := merged.validate(); err != nil {
		return fmt.Errorf("failed to validate kubelet configuration, error: %w", err)
	}
	return nil
}

func readDropIn(path string, merged *dropIn) error {
	failed := func(err error) error {
		return fmt.Errorf("failed to load kubelet dropin file, path: %s, error: %w", path, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return failed(err)
	}
	if len(content) == 0 {
		return failed(fmt.Errorf("kubelet config file %q was empty", path))
	}
	merged.TypeMeta = metav1.TypeMeta{}
	if err := yaml.Unmarshal(content, merged); err != nil {
		return failed(err)
	}
	if merged.APIVersion != "kubelet.config.k8s.io/v1beta1" || merged.Kind != "KubeletConfiguration" {
		return fmt.Errorf("failed to load kubelet dropin file, path: %s, unknown apiVersion/kind: %s", path, merged.GroupVersionKind())
	}
	return nil
}

func (d dropIn) validate() error {
	whole, critical := d.ShutdownGracePeriod.Duration, d.ShutdownGracePeriodCriticalPods.Duration
	switch {
	case critical > whole:
		return fmt.Errorf("invalid configuration: shutdownGracePeriodCriticalPods %v must be <= shutdownGracePeriod %v", critical, whole)
	case whole < 0 || (whole > 0 && whole < time.Second):
		return fmt.Errorf("invalid configuration: shutdownGracePeriod %v must be either zero or otherwise >= 1 sec", whole)
	case len(d.ShutdownGracePeriodByPodPriority) > 0 && whole > 0:
		return errors.New("invalid configuration: Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time")
	}
	return nil
}
