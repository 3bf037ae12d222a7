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

func TestThePageTellsWhoAnsweredWhom(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan bool, 1), make(chan error, 1)
	go func() {
		done <- Run(ctx, program.Container{
			Node: "stone", PodIP: netip.MustParseAddr("127.0.8.1"), Spec: &corev1.Container{Name: "typeo"},
			Pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "typeo-1"}}, Logger: slog.New(slog.DiscardHandler),
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
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.8.1:8080/play", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cf-Access-Authenticated-User-Email", "<b>ada@example.net")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`id="pod">typeo-1<`, `id="node">stone<`, `id="path">/play<`, `&lt;b&gt;ada@example.net<`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%s is missing in %s", want, body)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
