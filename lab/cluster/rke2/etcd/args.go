package etcd

import "net"

// Args are etcd's arguments. cluster is the initial-cluster of a join, or empty for a first
// member; for a member with data etcd ignores it.
func (m *Member) Args(cluster string, exposeMetrics bool) (map[string]string, error) {
	name, err := m.Name()
	if err != nil {
		return nil, err
	}
	state := "existing"
	if cluster == "" {
		state, cluster = "new", name+"="+m.PeerURL()
	}
	client := "https://" + net.JoinHostPort(m.NodeIP, "2379")
	metrics := "http://127.0.0.1:2381"
	if exposeMetrics {
		metrics += ",http://" + net.JoinHostPort(m.NodeIP, "2381")
	}
	l := m.Layout
	return map[string]string{
		"name":                        name,
		"data-dir":                    l.EtcdDir(),
		"listen-client-urls":          "https://127.0.0.1:2379," + client,
		"advertise-client-urls":       client,
		"listen-peer-urls":            "https://127.0.0.1:2380," + m.PeerURL(),
		"initial-advertise-peer-urls": m.PeerURL(),
		"initial-cluster":             cluster,
		"initial-cluster-state":       state,
		"listen-metrics-urls":         metrics,
		"client-cert-auth":            "true",
		"cert-file":                   l.TLS("etcd/server-client.crt"),
		"key-file":                    l.TLS("etcd/server-client.key"),
		"trusted-ca-file":             l.TLS("etcd/server-ca.crt"),
		"peer-client-cert-auth":       "true",
		"peer-cert-file":              l.TLS("etcd/peer-server-client.crt"),
		"peer-key-file":               l.TLS("etcd/peer-server-client.key"),
		"peer-trusted-ca-file":        l.TLS("etcd/peer-ca.crt"),
		"snapshot-count":              "10000",
		"logger":                      "zap",
		"log-outputs":                 "stderr",
		// RKE2 uses 500 and 5000 ms. Half of it keeps a first start fast, as a lone member
		// waits up to a whole election timeout, and still bears a busy machine's pauses.
		"heartbeat-interval": "250",
		"election-timeout":   "2500",
		// All simulated machines share one disk, and fsyncs of three members on it would wait
		// for each other. Only the power of the whole simulation can fail, and then all goes.
		"unsafe-no-fsync": "true",
	}, nil
}
