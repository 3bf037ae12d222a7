package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNodeCacheFillsInWhatItKnows(t *testing.T) {
	t.Setenv("KUBE_DNS_UPSTREAM_SERVICE_HOST", "10.43.0.11")
	c := nodeCache{localIPs: "169.254.20.10,10.43.0.10", upstream: "kube-dns-upstream"}
	got := string(c.fill([]byte("bind __PILLAR__LOCAL__DNS__\nforward . __PILLAR__CLUSTER__DNS__\nforward . __PILLAR__UPSTREAM__SERVERS__")))
	want := "bind 169.254.20.10 10.43.0.10\nforward . 10.43.0.11\nforward . /etc/resolv.conf"
	if got != want {
		t.Fatalf("got %q", got)
	}
	c.upstream = "not-there"
	if got := string(c.fill([]byte("forward . __PILLAR__CLUSTER__DNS__"))); got != "forward . <nil>" {
		t.Fatalf("got %q", got)
	}
}

func TestNodeCacheHasFewerPluginsThanCoreDNS(t *testing.T) {
	folder := t.TempDir()
	c := nodeCache{base: filepath.Join(folder, "base"), conf: filepath.Join(folder, "conf"), upstream: "kube-dns"}
	for text, refused := range map[string]bool{
		".:53 {\n errors\n cache 30\n forward . 1.1.1.1\n}\n": false,
		".:53 {\n ready\n}\n": true,
	} {
		if err := os.WriteFile(c.base, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := c.write(nil)
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "Unknown directive 'ready'") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
