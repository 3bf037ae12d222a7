package webapp

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/kubelet/program"
)

// start runs the application of a container with these ports, and gives what it ended with.
func start(t *testing.T, ports ...corev1.ContainerPort) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan bool, 1), make(chan error, 1)
	go func() {
		done <- Run(ctx, program.Container{
			Node: "stone", PodIP: netip.MustParseAddr("127.0.8.1"),
			Spec: &corev1.Container{Name: "wiki", Ports: ports},
			Pod:  &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "wiki-1"}}, Logger: slog.New(slog.DiscardHandler),
			Ready: func(now bool) { ready <- now },
		})
	}()
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	case <-time.After(10 * time.Second):
		t.Fatal("not ready")
	}
	return func() error {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		return <-done
	}
}

func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestThePageTellsWhoAnsweredWhom(t *testing.T) {
	stop := start(t, corev1.ContainerPort{Name: "http", ContainerPort: 8080})
	_, body := get(t, "http://127.0.8.1:8080/play", "Cf-Access-Authenticated-User-Email", "<b>ada@example.net")
	for _, want := range []string{`id="pod">wiki-1<`, `id="node">stone<`, `id="path">/play<`, `&lt;b&gt;ada@example.net<`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in %s", want, body)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestItListensAtThePortNamedHttpAndAnswersEveryPath(t *testing.T) {
	stop := start(t, corev1.ContainerPort{Name: "metrics", ContainerPort: 9100},
		corev1.ContainerPort{Name: "http", ContainerPort: 3131})
	for _, path := range []string{"/", "/healthz", "/api/server/ping"} {
		if status, body := get(t, "http://127.0.8.1:3131"+path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
