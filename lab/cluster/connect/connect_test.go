package connect

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/program"
)

const file = `{"version":"2","uniqueKey":{"k":"key-of-home"},"encCredentials":{}}`

// container is connect-api with this content in its Secret, mounted as the chart does.
func container(content string) program.Container {
	const at = "/home/opuser/.op/1password-credentials.json"
	return program.Container{
		Spec: &corev1.Container{VolumeMounts: []corev1.VolumeMount{
			{Name: "shared-data", MountPath: "/home/opuser/.op/data"},
			{Name: "credentials", MountPath: at, SubPath: "1password-credentials.json"},
		}},
		Env: map[string]string{"OP_SESSION": at},
		SecretVolume: func(_ context.Context, volume string) (map[string]string, error) {
			return map[string]string{"1password-credentials.json": content}, nil
		},
	}
}

func TestRefusesTheBase64OfTheFileInAMountedFile(t *testing.T) {
	_, err := read(t.Context(), container(base64.StdEncoding.EncodeToString([]byte(file))))
	if err == nil || !strings.Contains(err.Error(), "invalid character 'e' looking for beginning of value") {
		t.Fatalf("got %v", err)
	}
}

func TestReadsTheFileAsItIs(t *testing.T) {
	found, err := read(t.Context(), container(file))
	if err != nil || found.UniqueKey.K != "key-of-home" {
		t.Fatalf("got %v, %v", found, err)
	}
}

func TestRefusesAFirstVersion(t *testing.T) {
	_, err := read(t.Context(), container(`{"sectionName":"#"}`))
	if err == nil || err.Error() != "credentials file is not version 2" {
		t.Fatalf("got %v", err)
	}
}

func TestAsksTheCloudByItsCredentialsAndAnswers500Without(t *testing.T) {
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.RequestURI()+" "+r.Header.Get(serverHeader)+" "+r.Header.Get("Authorization"))
	}))
	defer cloud.Close()
	target, err := url.Parse(cloud.URL)
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		file:   `/v1/vaults?filter=title+eq+%22a%22 key-of-home Bearer token`,
		"nope": `{"message":"Something went wrong","status":500}` + "\n",
	} {
		handler := api(target, func() (credentials, error) { return read(t.Context(), container(content)) }, "1.8.2", slog.New(slog.DiscardHandler))
		request := httptest.NewRequest(http.MethodGet, "/v1/vaults?filter=title+eq+%22a%22", nil)
		request.Header.Set("Authorization", "Bearer token")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Body.String() != want {
			t.Errorf("%s: got %d %q", content, recorder.Code, recorder.Body)
		}
		recorder = httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/health", nil))
		if recorder.Code != http.StatusOK || strings.Contains(recorder.Body.String(), "NOT_SYNCED") != (content == "nope") {
			t.Errorf("%s: health %d %s", content, recorder.Code, recorder.Body)
		}
	}
}
