// Command strimzi stands in the image of Strimzi's operators, which are Java: the operator of clusters, those of topics and users, and
// what a broker asks before it starts. It is chosen by the name that it was started with. There is no Kafka: brokers are pods that are
// ready and hold nothing, topics and users are what their objects say.
// Read from strimzi/strimzi-kafka-operator 1.2.0.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"homelab/lab/cluster/operators"
)

// place is where a program works: the cluster, and the namespace that it looks after.
type place struct {
	client    kubernetes.Interface
	dynamic   dynamic.Interface
	namespace string
	log       *slog.Logger
}

func main() {
	programs := map[string]func(context.Context, place) error{
		"strimzi-cluster-operator": operateClusters, "strimzi-topic-operator": operateTopics, "strimzi-user-operator": operateUsers,
		"strimzi-kafka-init": findRack,
	}
	name := filepath.Base(os.Args[0])
	program, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: start it by the name of one of Strimzi's programs\n", name)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, program); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func start(ctx context.Context, program func(context.Context, place) error) error {
	client, custom, err := operators.Clients()
	if err != nil {
		return err
	}
	return program(ctx, place{client, custom, os.Getenv("STRIMZI_NAMESPACE"), slog.New(slog.NewJSONHandler(os.Stdout, nil))})
}

// answer serves the probes of an operator.
func answer(ctx context.Context, port int, log *slog.Logger) {
	mux := http.NewServeMux()
	for _, path := range []string{"/healthy", "/ready", "/metrics"} {
		mux.HandleFunc("GET "+path, func(http.ResponseWriter, *http.Request) {})
	}
	server := &http.Server{Addr: fmt.Sprintf(":%d", port), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Error("the probes' port stopped", "error", err)
	}
}

// findRack writes the rack of the broker's node, by the label that the cluster names (kafka-init, InitWriter.java).
func findRack(ctx context.Context, p place) error {
	label, name := os.Getenv("RACK_TOPOLOGY_KEY"), os.Getenv("NODE_NAME")
	node, err := p.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	rack, labelled := node.Labels[label]
	if !labelled {
		return fmt.Errorf("node %s doesn't have the label %s for getting the rackid", name, label)
	}
	return os.WriteFile("/opt/kafka/init/rack.id", []byte(rack), 0o644)
}
