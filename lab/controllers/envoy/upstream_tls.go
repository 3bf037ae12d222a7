package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
)

// upstreamTLS is how the proxy speaks TLS with an endpoint: the cluster's socket whose mark the endpoint has. Nil where it has
// none (envoy, config.cluster.v3.Cluster.transport_socket_matches).
func upstreamTLS(cluster *clusterv3.Cluster, endpoint *endpointv3.LbEndpoint) *tlsv3.UpstreamTlsContext {
	marks := endpoint.GetMetadata().GetFilterMetadata()["envoy.transport_socket_match"].GetFields()
	for _, match := range cluster.GetTransportSocketMatches() {
		name := match.GetMatch().GetFields()["name"].GetStringValue()
		if name != "" && marks["name"].GetStringValue() == name {
			return upstreamContext(match)
		}
	}
	return nil
}

func upstreamContext(match *clusterv3.Cluster_TransportSocketMatch) *tlsv3.UpstreamTlsContext {
	return unpack[tlsv3.UpstreamTlsContext](match.GetTransportSocket().GetTypedConfig())
}

// authorityOf names the secret with the authority that a backend's certificate must be of.
func authorityOf(context *tlsv3.UpstreamTlsContext) string {
	return context.GetCommonTlsContext().GetCombinedValidationContext().GetValidationContextSdsSecretConfig().GetName()
}

// checkUpstream takes what Envoy Gateway makes of a BackendTLSPolicy with a host name and an authority, and nothing else: the
// certificate must be of the authority, and for the name that the handshake asks for.
func checkUpstream(cluster *clusterv3.Cluster) error {
	matches := cluster.GetTransportSocketMatches()
	if cluster.GetTransportSocket() != nil && len(matches) == 0 {
		return unplayed("TLS to backends that is", "one for all endpoints of a cluster")
	}
	for _, match := range matches {
		context := upstreamContext(match)
		if context == nil {
			return unplayed("the transport socket", match.GetTransportSocket().GetName())
		}
		if len(context.GetCommonTlsContext().GetTlsCertificateSdsSecretConfigs()) > 0 {
			return unplayed("certificates that the proxy", "shows to backends")
		}
		names := context.GetCommonTlsContext().GetCombinedValidationContext().GetDefaultValidationContext().GetMatchTypedSubjectAltNames()
		if authorityOf(context) == "" || len(names) != 1 || names[0].GetMatcher().GetExact() != context.GetSni() {
			return unplayed("backends whose certificates are judged by", "other than an authority and the name that is asked for")
		}
	}
	return nil
}

// handshake speaks TLS with an endpoint, where its cluster says so.
func (s *snapshot) handshake(ctx context.Context, connection net.Conn, upstream *tlsv3.UpstreamTlsContext) (net.Conn, error) {
	if upstream == nil {
		return connection, nil
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(s.secrets[authorityOf(upstream)].GetValidationContext().GetTrustedCa().GetInlineBytes()) {
		connection.Close()
		return nil, fmt.Errorf("the authority of %s has not come yet", upstream.GetSni())
	}
	speaking := tls.Client(connection, &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: upstream.GetSni(), RootCAs: authorities,
	})
	if err := speaking.HandshakeContext(ctx); err != nil {
		connection.Close()
		return nil, err
	}
	return speaking, nil
}
