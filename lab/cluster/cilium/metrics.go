package cilium

import (
	"context"
	"fmt"
	"net"
	"strings"

	"homelab/lab/cluster/kubelet/program"
)

// Names of the ports at which Cilium's programs tell of themselves, those of its chart; each is there where it is to tell.
const (
	metricsPort       = "prometheus"
	hubbleMetricsPort = "hubble-metrics"
	envoyMetricsPort  = "envoy-metrics"
)

// nothingCounted is an answer without figures.
func nothingCounted() string { return "# the lab's Cilium counts nothing here\n" }

// tellMetrics answers at those of a container's ports that are for metrics.
func tellMetrics(ctx context.Context, c program.Container, ports map[string]func() string) error {
	for name, tell := range ports {
		if port, ok := program.PortNamed(c, name); ok {
			if err := program.Metrics(ctx, c, port, tell); err != nil {
				return err
			}
		}
	}
	return nil
}

// metrics are those of an agent that the lab has something to say of: its BGP sessions.
// https://github.com/cilium/cilium/blob/v1.19.6/pkg/bgp/metrics/metrics.go
func (a *agent) metrics() string {
	var text strings.Builder
	text.WriteString("# TYPE cilium_bgp_control_plane_session_state gauge\n")
	status := a.sessions.Load()
	if status == nil {
		return text.String()
	}
	for _, instance := range status.BGPInstances {
		for _, peer := range instance.Peers {
			up := 0
			if peer.PeeringState == "established" {
				up = 1
			}
			fmt.Fprintf(&text, "cilium_bgp_control_plane_session_state{vrouter=\"%d\",neighbor=%q,neighbor_asn=\"%d\"} %d\n",
				instance.LocalASN, net.JoinHostPort(peer.PeerAddress, "179"), peer.PeerASN, up)
		}
	}
	return text.String()
}

// RunEnvoy is there, and has nothing to do: no policy of the lab is judged by what a request says.
func RunEnvoy(ctx context.Context, c program.Container) error {
	if err := tellMetrics(ctx, c, map[string]func() string{envoyMetricsPort: nothingCounted}); err != nil {
		return err
	}
	c.Ready(true)
	<-ctx.Done()
	return nil
}
