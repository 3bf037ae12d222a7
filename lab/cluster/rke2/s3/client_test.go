package s3

import (
	"testing"
	"time"
)

func TestTheSecretIsReadWhereNoOtherFlagIsSet(t *testing.T) {
	c := Default
	c.ConfigSecret = "etcd-snapshot-store"
	if c.Set() {
		t.Error("the Secret's name alone counts as a setting")
	}
	c.Retention = 36
	if !c.Set() {
		t.Error("a further flag does not count")
	}
}

func TestASecretsSettings(t *testing.T) {
	c, err := FromSecret(map[string][]byte{
		"etcd-s3-endpoint": []byte("nas.home.arpa:9000"), "etcd-s3-bucket": []byte("etcd"),
		"etcd-s3-folder": []byte("home"), "etcd-s3-retention": []byte("36"), "etcd-s3-insecure": []byte("false"),
		"etcd-s3-endpoint-ca": []byte("PEM"),
	})
	want := Config{
		Endpoint: "nas.home.arpa:9000", Region: "us-east-1", Timeout: 5 * time.Minute, Retention: 36,
		Bucket: "etcd", Folder: "home", EndpointCA: "UEVN",
	}
	if err != nil || c != want {
		t.Errorf("%+v, want %+v: %v", c, want, err)
	}
	if _, err := FromSecret(map[string][]byte{"etcd-s3-timeout": []byte("soon")}); err == nil {
		t.Error("took a timeout that is none")
	}
}

func TestTheTimeInASnapshotsName(t *testing.T) {
	other := time.Unix(1, 0)
	if got := Created("etcd-snapshot-proxmox-stone-1795843200.zip", other); got.Unix() != 1795843200 {
		t.Error(got)
	}
	if got := Created("by-hand", other); !got.Equal(other) {
		t.Error(got)
	}
}
