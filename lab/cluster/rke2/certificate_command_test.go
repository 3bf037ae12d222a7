package main

import (
	"testing"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/layout"
)

func TestCertificatesAreListedWithTheirDays(t *testing.T) {
	l := layout.Layout{DataDir: t.TempDir()}
	ca, err := certs.EnsureCA(l.TLS("client-ca"), "rke2-client-ca")
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.Ensure(l.TLS("client-admin"), certs.Leaf{CommonName: "system:admin", Usage: certs.Client}); err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]string{0: "OK", 244: "OK", 246: "WARNING", 364: "WARNING", 366: "EXPIRED"} {
		found, err := nodeCertificates(l, time.Now().Add(time.Duration(days)*24*time.Hour))
		if err != nil || len(found) != 2 {
			t.Fatalf("%v %v", found, err)
		}
		leaf, authority := found[0], found[1]
		if leaf.Status != want || leaf.Filename != "client-admin.crt" || leaf.Subject != "system:admin" || leaf.Usages[0] != "ClientAuth" {
			t.Errorf("after %d days: %+v", days, leaf)
		}
		if authority.Status != "OK" || authority.Usages[0] != "CertSign" {
			t.Errorf("%+v", authority)
		}
	}
}
