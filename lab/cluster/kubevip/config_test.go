package kubevip

import (
	"strings"
	"testing"
	"time"
)

func manifest() map[string]string {
	return map[string]string{
		"address": "192.168.1.20", "vip_interface": "eth0", "port": "6443", "vip_arp": "true",
		"cp_enable": "true", "vip_leaderelection": "true", "vip_leaseduration": "20", "vip_nodename": "stone",
	}
}

func TestEnvironmentOfTheManifestIsRead(t *testing.T) {
	c, err := parse(manifest(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if c.duration != 20*time.Second || c.deadline != 10*time.Second || c.holder != "stone" || c.lease != "plndr-cp-lock" {
		t.Fatalf("got %+v", c)
	}
}

func TestUnsupportedModesAreRefused(t *testing.T) {
	for name, value := range map[string]string{
		"bgp_enable": "true", "svc_enable": "true", "vip_arp": "false", "address": "vip.home.arpa",
		"vip_subnet": "/24", "vip_leaseduration": "soon",
	} {
		env := manifest()
		env[name] = value
		if _, err := parse(env, "n"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
}
