package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// ports reads a program's arguments: the ports of the chart's pods, by the name of their flag. Any other argument ends it, as a
// flag that Argo CD does not know.
func ports(program string, arguments []string, names ...string) (map[string]string, error) {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	values := map[string]*string{}
	for _, name := range names {
		values[name] = flags.String(name, "", "")
	}
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown command %q", flags.Arg(0))
	}
	found := map[string]string{}
	for name, value := range values {
		port := strings.TrimPrefix(*value, ":")
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return nil, fmt.Errorf("--%s=%s: not a port", name, *value)
		}
		found[name] = ":" + port
	}
	return found, nil
}

// clients are those of the pod's service account.
type clients struct {
	config *rest.Config
	core   kubernetes.Interface
	custom dynamic.Interface
	// namespace is Argo CD's own.
	namespace string
}

// namespaceFile tells a pod where it is.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func inCluster() (clients, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return clients{}, err
	}
	// Argo CD's defaults (common/common.go, K8sClientConfigQPS and -Burst).
	config.QPS, config.Burst = 50, 100
	namespace, err := os.ReadFile(namespaceFile)
	if err != nil {
		return clients{}, err
	}
	return clientsOf(config, string(namespace))
}

func clientsOf(config *rest.Config, namespace string) (clients, error) {
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return clients{}, err
	}
	custom, err := dynamic.NewForConfig(config)
	return clients{config: config, core: core, custom: custom, namespace: namespace}, err
}

// serve answers plain http until ctx ends.
func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return serveOn(ctx, listener, handler)
}

func serveOn(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// healthz answers probes, and says that there are no figures.
func healthz(check func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := check(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "ok")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "# the lab's Argo CD counts nothing")
	})
	return mux
}

// required is a variable that the chart gives.
func required(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set; the chart sets it from argocd-cmd-params-cm", name)
	}
	return value, nil
}
