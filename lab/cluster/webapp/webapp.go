// Package webapp is what the lab's kubelet runs for a container that it knows nothing of but that it
// has a port named http: a page that tells which pod answered, and to whom Access says that it talks.
package webapp

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/program"
)

// gracePeriod is how long requests in flight may take when the pod stops.
const gracePeriod = 2 * time.Second

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// Port is the container's TCP port named http; false without one.
func Port(container *corev1.Container) (port uint16, named bool) {
	for _, one := range container.Ports {
		if one.Name == "http" && one.Protocol != corev1.ProtocolUDP {
			return uint16(one.ContainerPort), true
		}
	}
	return 0, false
}

// Run serves the application at the pod's address and the container's port named http until ctx ends.
// Its settings are not read; every path answers, so that any probe finds it alive.
func Run(ctx context.Context, c program.Container) error {
	port, named := Port(c.Spec)
	if !named {
		return fmt.Errorf("container %s has no port named http", c.Spec.Name)
	}
	listener, err := net.Listen("tcp4", netip.AddrPortFrom(c.PodIP, port).String())
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler(c.Spec.Name, c.Pod.Name, c.Node, c.Logger), ReadHeaderTimeout: 10 * time.Second,
	}
	ready := time.AfterFunc(program.ProbeDelay(c.Spec), func() { c.Ready(true) })
	defer ready.Stop()
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
		defer cancel()
		err := server.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		stopped <- err
	})
	err = server.Serve(listener)
	if !stop() {
		return <-stopped
	}
	return fmt.Errorf("port %d: %w", port, err)
}

func handler(name, pod, node string, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, strconv.Itoa(http.StatusMethodNotAllowed)+" method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		err := page.Execute(w, map[string]string{
			"Name": name, "Pod": pod, "Node": node, "Host": r.Host, "Path": r.URL.EscapedPath(),
			"Visitor":  r.Header.Get("Cf-Connecting-Ip"),
			"Identity": r.Header.Get("Cf-Access-Authenticated-User-Email"),
		})
		if err != nil {
			log.Debug("a visitor hung up", "error", err)
		}
	})
}
