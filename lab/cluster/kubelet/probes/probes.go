// Package probes asks containers how they are, with the kubelet's own probers and its rules of when a
// result counts (pkg/kubelet/prober).
package probes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/probe"
	grpcprobe "k8s.io/kubernetes/pkg/probe/grpc"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	tcpprobe "k8s.io/kubernetes/pkg/probe/tcp"
)

// Kind is what a probe is for.
type Kind string

// The kinds, in the words of events.
const (
	Startup   Kind = "Startup"
	Readiness Kind = "Readiness"
	Liveness  Kind = "Liveness"
)

// Target is the container that is asked.
type Target struct {
	Container *corev1.Container
	// IP is the pod's address.
	IP netip.Addr
	// Exec runs a command in the container; an error is its failure.
	Exec func(ctx context.Context, command []string) (output string, err error)
	// Failed is told of each answer that is not a good one.
	Failed func(kind Kind, message string)
}

// Watch asks until ctx ends or the container has to be restarted, which it returns as an error. ready is
// told of each change; started once, when the startup probe has succeeded or there is none.
func Watch(ctx context.Context, t Target, started func(), ready func(bool)) error {
	if probe := t.Container.StartupProbe; probe != nil {
		up, err := t.untilStarted(ctx, probe)
		if err != nil || !up {
			return err
		}
	}
	started()
	dead := make(chan error, 1)
	live, stop := context.WithCancel(ctx)
	defer stop()
	if probe := t.Container.LivenessProbe; probe != nil {
		go func() {
			if t.repeat(live, Liveness, probe, true, func(good bool) bool { return good }) {
				return
			}
			dead <- fmt.Errorf("Container %s failed liveness probe, will be restarted", t.Container.Name)
		}()
	}
	if probe := t.Container.ReadinessProbe; probe != nil {
		go t.repeat(live, Readiness, probe, false, func(good bool) bool { ready(good); return true })
	} else {
		ready(true)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-dead:
		return err
	}
}

// untilStarted tells whether the startup probe has succeeded before ctx ended; an error is its failure.
func (t Target) untilStarted(ctx context.Context, probe *corev1.Probe) (up bool, err error) {
	kept := t.repeat(ctx, Startup, probe, false, func(good bool) bool {
		up = good
		return false
	})
	if !kept && !up {
		err = fmt.Errorf("Container %s failed startup probe, will be restarted", t.Container.Name)
	}
	return up, err
}

// repeat asks at the probe's period and tells settled when as many answers in a row as its threshold
// says have been alike and other than before; until settled answers false, which repeat returns, or
// ctx ends, for which it returns true.
func (t Target) repeat(ctx context.Context, kind Kind, spec *corev1.Probe, last bool, settled func(bool) bool) bool {
	if !pause(ctx, time.Duration(spec.InitialDelaySeconds)*time.Second) {
		return true
	}
	period := time.NewTicker(seconds(spec.PeriodSeconds, 10))
	defer period.Stop()
	run, before, first := int32(0), last, kind == Startup
	for {
		good, message := t.ask(ctx, spec)
		if ctx.Err() != nil {
			return true
		}
		if !good {
			t.Failed(kind, message)
		}
		if good != before {
			run, before = 0, good
		}
		run++
		threshold := max(1, spec.FailureThreshold)
		if good {
			threshold = max(1, spec.SuccessThreshold)
		}
		if run == threshold && (good != last || first) {
			last = good
			if !settled(good) {
				return false
			}
		}
		select {
		case <-ctx.Done():
			return true
		case <-period.C:
		}
	}
}

// ask makes one attempt.
func (t Target) ask(ctx context.Context, spec *corev1.Probe) (good bool, message string) {
	timeout := seconds(spec.TimeoutSeconds, 1)
	result, output, err := probe.Unknown, "", error(nil)
	switch {
	case spec.HTTPGet != nil:
		request, problem := httpprobe.NewRequestForHTTPGetAction(spec.HTTPGet, t.Container, t.IP.String(), "probe")
		if problem != nil {
			return false, problem.Error()
		}
		result, output, err = httpprobe.New(false).Probe(request.WithContext(ctx), timeout)
	case spec.TCPSocket != nil:
		port, problem := probe.ResolveContainerPort(spec.TCPSocket.Port, t.Container)
		if problem != nil {
			return false, problem.Error()
		}
		host := spec.TCPSocket.Host
		if host == "" {
			host = t.IP.String()
		}
		result, output, err = tcpprobe.New().Probe(host, port, timeout)
	case spec.GRPC != nil:
		service := ""
		if spec.GRPC.Service != nil {
			service = *spec.GRPC.Service
		}
		result, output, err = grpcprobe.New().Probe(t.IP.String(), service, int(spec.GRPC.Port), timeout)
	case spec.Exec != nil:
		attempt, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		if output, err = t.Exec(attempt, spec.Exec.Command); err == nil {
			return true, output
		}
		if attempt.Err() != nil {
			return false, fmt.Sprintf("command timed out: %q timed out after %s", spec.Exec.Command, timeout)
		}
		return false, fmt.Sprintf("%s: %v", output, err)
	default:
		return false, "missing probe handler"
	}
	if err != nil {
		return false, err.Error()
	}
	return result == probe.Success || result == probe.Warning, output
}

func seconds(given, standard int32) time.Duration {
	if given <= 0 {
		given = standard
	}
	return time.Duration(given) * time.Second
}

func pause(ctx context.Context, length time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(length):
		return true
	}
}

// Call makes the request of a lifecycle hook.
func Call(ctx context.Context, action *corev1.HTTPGetAction, container *corev1.Container, ip netip.Addr) error {
	request, err := httpprobe.NewRequestForHTTPGetAction(action, container, ip.String(), "lifecycle")
	if err != nil {
		return err
	}
	deadline, ok := ctx.Deadline()
	timeout := time.Minute
	if ok {
		timeout = time.Until(deadline)
	}
	result, output, err := httpprobe.New(false).Probe(request.WithContext(ctx), timeout)
	if err == nil && result == probe.Failure {
		err = errors.New(output)
	}
	return err
}
