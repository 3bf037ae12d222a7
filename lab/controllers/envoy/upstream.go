package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
)

// endpointsOf is the name under which a cluster's endpoints are asked for.
func endpointsOf(name string, cluster *clusterv3.Cluster) string {
	if own := cluster.GetEdsClusterConfig().GetServiceName(); own != "" {
		return own
	}
	return name
}

type weightedEndpoint struct {
	endpoint *endpointv3.LbEndpoint
	weight   float64
}

// choose picks one of a cluster's healthy endpoints at random, by the weights of localities and endpoints.
func (s *snapshot) choose(name string) (*endpointv3.LbEndpoint, error) {
	cluster := s.clusters[name]
	if cluster == nil {
		return nil, fmt.Errorf("there is no cluster %s", name)
	}
	assignment := cluster.GetLoadAssignment()
	if cluster.GetType() == clusterv3.Cluster_EDS {
		assignment = s.endpoints[endpointsOf(name, cluster)]
	}
	var all []weightedEndpoint
	var sum float64
	for _, locality := range assignment.GetEndpoints() {
		var inside float64
		for _, endpoint := range locality.LbEndpoints {
			inside += weight(endpoint)
		}
		share := float64(max(locality.GetLoadBalancingWeight().GetValue(), 1))
		for _, endpoint := range locality.LbEndpoints {
			switch endpoint.HealthStatus {
			case corev3.HealthStatus_UNKNOWN, corev3.HealthStatus_HEALTHY:
			default:
				continue
			}
			one := weightedEndpoint{endpoint, share * weight(endpoint) / inside}
			all, sum = append(all, one), sum+one.weight
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("cluster %s has no healthy endpoint", name)
	}
	at := rand.Float64() * sum
	for _, one := range all {
		if at -= one.weight; at < 0 {
			return one.endpoint, nil
		}
	}
	return all[len(all)-1].endpoint, nil
}

func weight(endpoint *endpointv3.LbEndpoint) float64 {
	return float64(max(endpoint.GetLoadBalancingWeight().GetValue(), 1))
}

// dial connects to an endpoint of a cluster, by TLS where the cluster says so.
func (p *proxy) dial(ctx context.Context, network, cluster string) (net.Conn, error) {
	s := p.current.Load()
	endpoint, err := s.choose(cluster)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: 10 * time.Second}
	if limit := s.clusters[cluster].GetConnectTimeout(); limit != nil {
		dialer.Timeout = limit.AsDuration()
	}
	connection, err := dialer.DialContext(ctx, network, addressOf(endpoint.GetEndpoint().GetAddress()))
	if err != nil {
		return nil, err
	}
	return s.handshake(ctx, connection, upstreamTLS(s.clusters[cluster], endpoint))
}
