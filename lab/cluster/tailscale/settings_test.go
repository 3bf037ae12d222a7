package tailscale

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/machines/tailscale/control"
)

// container is the operator's as its chart makes it, with the OAuth client's files.
func container(files map[string]string) program.Container {
	return program.Container{
		Pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace}},
		Spec: &corev1.Container{VolumeMounts: []corev1.VolumeMount{
			{Name: "other", MountPath: "/other"}, {Name: "oauth", MountPath: "/oauth"},
		}},
		Env: map[string]string{"CLIENT_ID_FILE": "/oauth/client_id", "CLIENT_SECRET_FILE": "/oauth/client_secret"},
		SecretVolume: func(_ context.Context, volume string) (map[string]string, error) {
			if volume != "oauth" {
				return nil, nil
			}
			return files, nil
		},
	}
}

func TestReadsTheCredentialsFromTheMountedSecret(t *testing.T) {
	id, secret, err := readCredentials(context.Background(), container(map[string]string{"client_id": "a\n", "client_secret": "b"}))
	if id != "a" || secret != "b" || err != nil {
		t.Errorf("%q, %q, %v", id, secret, err)
	}
	_, _, err = readCredentials(context.Background(), container(map[string]string{"client_id": "a"}))
	if err == nil || !strings.Contains(err.Error(), "CLIENT_SECRET_FILE: reading file /oauth/client_secret") {
		t.Errorf("without a secret: %v", err)
	}
}

func TestRefusesSettingsThatTheLabDoesNotPlay(t *testing.T) {
	for name, value := range map[string]string{
		"OPERATOR_LOGIN_SERVER": "https://example.net", "APISERVER_PROXY": "maybe",
	} {
		c := container(nil)
		c.Env[name] = value
		if _, err := readSettings(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

func TestAWrongSecretIsACrashThatDoesNotShowIt(t *testing.T) {
	w := newWorld(t)
	w.api = newAPI(w.tailnet.URL, "client", "wrong-secret")
	err := w.joinTailnet(context.Background(), w.device())
	if err == nil || !strings.Contains(err.Error(), "creating operator authkey: ") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("joinTailnet: %v", err)
	}
}

func TestARemovedOperatorComesBackAsANewDevice(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if err := w.joinTailnet(context.Background(), w.device()); err != nil {
			t.Fatal(err)
		}
	}
	before := w.tailnet.Devices()
	if len(before) != 1 {
		t.Fatalf("devices: %+v", before)
	}
	w.tailnet.Remove(before[0].NodeID)
	if err := w.joinTailnet(context.Background(), w.device()); err != nil {
		t.Fatal(err)
	}
	if after := w.tailnet.Devices(); len(after) != 1 || after[0].NodeID == before[0].NodeID {
		t.Errorf("devices: %+v", after)
	}
}

// device is the operator's own.
func (w *world) device() *device {
	return &device{
		control: &control.Client{URL: w.tailnet.URL}, client: w.client, namespace: namespace, secret: "operator", log: silent,
		again: make(chan struct{}, 1),
	}
}
