package kubelet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDropInsOfTheKubelet(t *testing.T) {
	const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
	const ordered = head + "shutdownGracePeriodByPodPriority:\n  - { priority: 2000001000, shutdownGracePeriodSeconds: 30 }\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no folder":            {nil, ""},
		"ordered":              {map[string]string{"00-rke2-defaults.conf": head, "50-shutdown.conf": ordered}, ""},
		"another ending":       {map[string]string{"50-shutdown.yaml": "kind: None\n"}, ""},
		"empty":                {map[string]string{"50-shutdown.conf": ""}, "was empty"},
		"no kind":              {map[string]string{"00-a.conf": ordered, "50-b.conf": "maxPods: 3\n"}, "unknown apiVersion/kind"},
		"another value's form": {map[string]string{"50-a.conf": strings.Replace(ordered, ": 30", ": 30s", 1)}, "cannot unmarshal string"},
		"both forms":           {map[string]string{"50-a.conf": ordered, "60-b.conf": head + "shutdownGracePeriod: 2m\n"}, "Cannot specify both"},
		"taken back":           {map[string]string{"50-a.conf": head + "shutdownGracePeriod: 2m\n", "60-b.conf": ordered + "shutdownGracePeriod: 0s\n"}, ""},
	} {
		folder := filepath.Join(t.TempDir(), "kubelet.conf.d")
		for file, content := range c.files {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		o := Options{NodeName: "stone", NodeIP: "192.0.2.1", MemoryMiB: 8192, CPUs: 4, ConfigDir: folder}
		err := Validate(o)
		if c.want == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
