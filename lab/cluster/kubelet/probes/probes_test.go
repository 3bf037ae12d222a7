package probes

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// server answers with a status that a test can change, and counts.
type server struct {
	*httptest.Server
	status, asked atomic.Int32
	port          intstr.IntOrString
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.status.Store(200)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if r.Host != "web.example" || r.URL.Path != "/ready" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.WriteHeader(int(s.status.Load()))
	}))
	t.Cleanup(s.Close)
	address, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(address.Port())
	if err != nil {
		t.Fatal(err)
	}
	s.port = intstr.FromInt(number)
	return s
}

func (s *server) probe(failures int32) *corev1.Probe {
	return &corev1.Probe{
		PeriodSeconds: 1, FailureThreshold: failures,
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Port: s.port, Path: "/ready", HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "web.example"}},
		}},
	}
}

// watched is what a container's probes have led to.
type watched struct {
	started, ready chan bool
	ended          chan error
	failures       atomic.Int32
}

func watch(t *testing.T, container *corev1.Container) *watched {
	t.Helper()
	w := &watched{started: make(chan bool, 8), ready: make(chan bool, 8), ended: make(chan error, 1)}
	target := Target{
		Container: container, IP: netip.MustParseAddr("127.0.0.1"), Failed: func(Kind, string) { w.failures.Add(1) },
		Exec: func(context.Context, []string) (string, error) { return "not yet", errors.New("exit code 1") },
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		w.ended <- Watch(ctx, target, func() { w.started <- true }, func(ready bool) { w.ready <- ready })
	}()
	t.Cleanup(stop)
	return w
}

func next[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(10 * time.Second):
		t.Fatal("nothing comes")
	}
	panic("unreachable")
}

func TestAContainerWithoutProbesIsReadyAtOnce(t *testing.T) {
	w := watch(t, &corev1.Container{})
	if !next(t, w.started) || !next(t, w.ready) {
		t.Error("it is not ready")
	}
}

func TestReadinessChangesWithItsAnswers(t *testing.T) {
	s := serve(t)
	w := watch(t, &corev1.Container{ReadinessProbe: s.probe(1)})
	if !next(t, w.ready) {
		t.Error("it is not ready")
	}
	s.status.Store(503)
	if next(t, w.ready) || w.failures.Load() == 0 {
		t.Error("it stays ready")
	}
}

func TestLivenessEndsTheContainerAfterItsThreshold(t *testing.T) {
	s := serve(t)
	s.status.Store(500)
	w := watch(t, &corev1.Container{Name: "web", LivenessProbe: s.probe(2)})
	if err := next(t, w.ended); err == nil || !strings.Contains(err.Error(), "web failed liveness probe") || s.asked.Load() != 2 {
		t.Errorf("%v after %d answers", err, s.asked.Load())
	}
}

func TestNothingElseIsAskedBeforeTheStartupProbe(t *testing.T) {
	s := serve(t)
	startup := &corev1.Probe{PeriodSeconds: 1, FailureThreshold: 2, ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"x"}}}}
	w := watch(t, &corev1.Container{Name: "web", StartupProbe: startup, ReadinessProbe: s.probe(1), LivenessProbe: s.probe(1)})
	if err := next(t, w.ended); err == nil || !strings.Contains(err.Error(), "failed startup probe") {
		t.Error(err)
	}
	if s.asked.Load() != 0 || len(w.started) != 0 {
		t.Errorf("%d other answers", s.asked.Load())
	}
}

func TestTCPAnswersWhereSomethingListens(t *testing.T) {
	s := serve(t)
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("web")}}}
	container := &corev1.Container{ReadinessProbe: probe, Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: s.port.IntVal}}}
	if w := watch(t, container); !next(t, w.ready) {
		t.Error("it is not ready")
	}
}
