package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func file(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const minimal = "cni: none\ndisable-kube-proxy: true\nnode-name: stone\nnode-ip: 192.168.1.21\n"

func TestLaterFilesReplaceAndPlusAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	file(t, path, minimal+"tls-san: [a, b]\nkubelet-arg: [max-pods=200]\ncluster-domain: one.local\n")
	file(t, path+".d/10-a.yaml", "tls-san+: c\ncluster-domain: two.local\n")
	file(t, path+".d/20-b.yaml", "kubelet-arg: v=2\n")
	file(t, path+".d/note.txt", "not: yaml: at all")
	c, _, err := Load(Server, []string{"--config", path, "--cluster-domain=cli.local", "--tls-san", "d"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(c.TLSSAN, want) {
		t.Errorf("tls-san: %v, want %v", c.TLSSAN, want)
	}
	if c.ClusterDomain != "cli.local" {
		t.Errorf("the command line does not win: %s", c.ClusterDomain)
	}
	if !slices.Equal(c.KubeletArgs, []string{"v=2"}) {
		t.Errorf("kubelet-arg: %v", c.KubeletArgs)
	}
	if c.ClusterDNS != "10.43.0.10" || c.APIServiceIP() != "10.43.0.1" {
		t.Errorf("defaults of the service network: %s, %s", c.ClusterDNS, c.APIServiceIP())
	}
}

func TestRefusals(t *testing.T) {
	for _, one := range []struct {
		name, content, want string
		args                []string
	}{
		{"unknown key", "clustr-cidr: 10.0.0.0/8", "flag provided but not defined: -clustr-cidr", nil},
		{"unknown flag", "", "flag provided but not defined: -foo", []string{"--foo"}},
		{"unsupported flag", "datastore-endpoint: mysql://x", "datastore-endpoint: this flag of RKE2 is not supported", nil},
		{"cni", "cni: canal", `cni: "canal" is not supported`, nil},
		{"disable", "disable: rke2-corednss", `disable: "rke2-corednss" is not a packaged component`, nil},
		{"ingress controller", "ingress-controller: nginx", "Invalid value nginx for --ingress-controller flag: must be one of traefik,ingress-nginx", nil},
		{"cron", "etcd-snapshot-schedule-cron: every day", "invalid etcd-snapshot-schedule-cron", nil},
		{"boolean", "debug: maybe", `invalid value "maybe" for flag -debug`, nil},
		{"taint", "node-taint: a=b", "invalid taint spec: a=b", nil},
		{"dns", "cluster-dns: 10.42.0.10", "cluster-dns 10.42.0.10 is not inside service-cidr", nil},
		{"scheme", "server: http://x:9345\ntoken: t", "only https:// URLs are supported", nil},
		{"token", "server: https://x:9345", "--token is required", nil},
		{"restore", "cluster-reset-restore-path: /x", "--cluster-reset required with --cluster-reset-restore-path", nil},
		{"profile", "profile: cis-1.6", "invalid value provided for --profile flag", nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			path := file(t, filepath.Join(t.TempDir(), "c.yaml"), minimal)
			file(t, path+".d/x.yaml", one.content)
			_, _, err := Load(Server, append([]string{"--config=" + path}, one.args...))
			if err == nil || !strings.Contains(err.Error(), one.want) {
				t.Errorf("got %v, want %q", err, one.want)
			}
		})
	}
}

func TestAnUnsupportedFlagThatIsOffIsFine(t *testing.T) {
	path := file(t, filepath.Join(t.TempDir(), "c.yaml"), minimal+"disable-scheduler: false\n")
	if _, _, err := Load(Server, []string{"-c", path}); err != nil {
		t.Error(err)
	}
}

func TestWhatContainerdAloneWouldHeedIsTaken(t *testing.T) {
	path := file(t, filepath.Join(t.TempDir(), "c.yaml"), minimal+"nonroot-devices: true\n")
	if _, _, err := Load(Server, []string{"-c", path}); err != nil {
		t.Error(err)
	}
}

func TestChartsThatLaterReleasesBringCanBeDisabled(t *testing.T) {
	path := file(t, filepath.Join(t.TempDir(), "c.yaml"), minimal+"disable: [rke2-gateway-api-crd]\n")
	c, _, err := Load(Server, []string{"-c", path})
	if err != nil || !slices.Equal(c.Disable, []string{"rke2-gateway-api-crd"}) {
		t.Errorf("%+v %v", c, err)
	}
}

func TestAgentsNeedAServerAndRefuseServerFlags(t *testing.T) {
	path := file(t, filepath.Join(t.TempDir(), "c.yaml"), "node-ip: 192.168.1.24\n")
	if _, _, err := Load(Agent, []string{"-c", path}); err == nil || err.Error() != "--server is required" {
		t.Error(err)
	}
	_, _, err := Load(Agent, []string{"-c", path, "--cluster-cidr=10.0.0.0/8"})
	if err == nil || err.Error() != "flag provided but not defined: -cluster-cidr" {
		t.Error(err)
	}
}

func TestSnapshotsReadTheServersFile(t *testing.T) {
	path := file(t, filepath.Join(t.TempDir(), "c.yaml"), minimal+"etcd-snapshot-retention: 7\ntoken: x\n")
	c, rest, err := Load(Snapshot, []string{"-c", path, "one"})
	if err != nil || c.Snapshots.Retention != 7 || c.Snapshots.Name != "on-demand" || !slices.Equal(rest, []string{"one"}) {
		t.Errorf("%+v %v %v", c, rest, err)
	}
}

func TestASnapshotsFlagHasOneForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	file(t, path, minimal+"etcd-snapshot-retention: 12\n")
	_, _, err := Load(Snapshot, []string{"--config", path, "--name", "pre-upgrade", "--snapshot-retention", "3"})
	if err == nil || err.Error() != "Cannot use two forms of the same flag: etcd-snapshot-retention snapshot-retention" {
		t.Errorf("config.yaml and command line with a form each: %v", err)
	}
	c, _, err := Load(Snapshot, []string{"--config", path, "--name", "pre-upgrade", "--etcd-snapshot-retention", "3"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Snapshots.Retention != 3 {
		t.Errorf("retention %d, want 3", c.Snapshots.Retention)
	}
}
