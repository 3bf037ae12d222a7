package podfiles

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func machineWith(t *testing.T, content string) {
	t.Helper()
	before := machineResolver
	t.Cleanup(func() { machineResolver = before })
	machineResolver = filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(machineResolver, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func pod(spec corev1.PodSpec) Pod {
	return Pod{
		Pod:       &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "web-0"}, Spec: spec},
		Container: &corev1.Container{Name: "web"}, IP: netip.MustParseAddr("10.42.0.5"), Domain: "home.cluster", Servers: []string{"10.43.0.10"},
	}
}

func TestTheResolverFollowsPolicyAndConfig(t *testing.T) {
	machineWith(t, "search home.arpa\nnameserver 192.168.1.1\n")
	one := "1"
	cluster := "search apps.svc.home.cluster svc.home.cluster home.cluster home.arpa\nnameserver 10.43.0.10\noptions ndots:5\n"
	machine := "search home.arpa\nnameserver 192.168.1.1\n"
	for name, given := range map[string]struct {
		spec corev1.PodSpec
		want string
	}{
		"by default":             {corev1.PodSpec{DNSPolicy: corev1.DNSClusterFirst}, cluster},
		"on the host's network":  {corev1.PodSpec{DNSPolicy: corev1.DNSClusterFirst, HostNetwork: true}, machine},
		"there, for the cluster": {corev1.PodSpec{DNSPolicy: corev1.DNSClusterFirstWithHostNet, HostNetwork: true}, cluster},
		"as the machine":         {corev1.PodSpec{DNSPolicy: corev1.DNSDefault}, machine},
		"as it says": {corev1.PodSpec{DNSPolicy: corev1.DNSNone, DNSConfig: &corev1.PodDNSConfig{
			Nameservers: []string{"1.1.1.1"}, Searches: []string{"a.b"}, Options: []corev1.PodDNSConfigOption{{Name: "edns0"}},
		}}, "search a.b\nnameserver 1.1.1.1\noptions edns0\n"},
		"with other dots": {corev1.PodSpec{DNSConfig: &corev1.PodDNSConfig{
			Options: []corev1.PodDNSConfigOption{{Name: "ndots", Value: &one}},
		}}, strings.Replace(cluster, "ndots:5", "ndots:1", 1)},
	} {
		if got, err := resolvConf(pod(given.spec)); err != nil || got != given.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestFilesAreShownInTheirPlaces(t *testing.T) {
	machineWith(t, "nameserver 192.168.1.1\n")
	given := pod(corev1.PodSpec{Subdomain: "webs", HostAliases: []corev1.HostAlias{{IP: "192.0.2.1", Hostnames: []string{"x", "y"}}}})
	given.Container.TerminationMessagePath = "/tmp/last"
	mounts, message, err := Write(t.TempDir(), given)
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]string{}
	for _, mount := range mounts {
		content, err := os.ReadFile(mount.Source)
		if err != nil {
			t.Fatal(err)
		}
		targets[mount.Target] = string(content)
	}
	for _, want := range []string{"10.42.0.5\tweb-0.webs.apps.svc.home.cluster\tweb-0\n", "192.0.2.1\tx\ty\n"} {
		if !strings.Contains(targets["/etc/hosts"], want) {
			t.Errorf("%q is not in %q", want, targets["/etc/hosts"])
		}
	}
	if _, shown := targets["/tmp/last"]; !shown || targets["/etc/hostname"] != "web-0\n" {
		t.Errorf("%q", targets)
	}
	if got := Message(message, given.Container, 1, "the log"); got != "" {
		t.Errorf("a log is no message unless that is asked for: %q", got)
	}
	given.Container.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	if got := Message(message, given.Container, 1, "the log") + Message(message, given.Container, 0, "the log"); got != "the log" {
		t.Errorf("%q", got)
	}
	if err := os.WriteFile(message, []byte("last words"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := Message(message, given.Container, 0, "the log"); got != "last words" {
		t.Errorf("%q", got)
	}
}
