package main

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/structpb"
)

// mark is what Envoy Gateway gives an endpoint and the socket that is for it
// (envoyproxy/gateway internal/xds/translator, testdata/out/xds-ir/backend-tls-settings.clusters.yaml).
func mark(t *testing.T) *structpb.Struct {
	t.Helper()
	name, err := structpb.NewStruct(map[string]any{"name": "dex/tls/0"})
	must(t, err)
	return name
}

// speakTLS has a proxy speak TLS with a cluster's endpoint, whose certificate must be for a name.
func speakTLS(t *testing.T, p *proxy, cluster, name string) error {
	t.Helper()
	context := &tlsv3.UpstreamTlsContext{Sni: name, CommonTlsContext: &tlsv3.CommonTlsContext{
		ValidationContextType: &tlsv3.CommonTlsContext_CombinedValidationContext{
			CombinedValidationContext: &tlsv3.CommonTlsContext_CombinedCertificateValidationContext{
				ValidationContextSdsSecretConfig: &tlsv3.SdsSecretConfig{Name: "dex-ca"},
				DefaultValidationContext: &tlsv3.CertificateValidationContext{
					MatchTypedSubjectAltNames: []*tlsv3.SubjectAltNameMatcher{{
						SanType: tlsv3.SubjectAltNameMatcher_DNS,
						Matcher: &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Exact{Exact: name}},
					}},
				},
			},
		},
	}}
	return say(t, p, clusterType, cluster, &clusterv3.Cluster{
		Name: cluster, ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_EDS},
		TransportSocketMatches: []*clusterv3.Cluster_TransportSocketMatch{{
			Name: "dex/tls/0", Match: mark(t),
			TransportSocket: &corev3.TransportSocket{
				Name: "tls", ConfigType: &corev3.TransportSocket_TypedConfig{TypedConfig: pack(t, context)},
			},
		}},
	})
}

func TestSpeaksTLSWithABackendWhoseCertificateIsForItsName(t *testing.T) {
	served := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.ServerName)
	}))
	defer served.Close()
	p := newProxy()
	backend(t, p, "dex", strings.TrimPrefix(served.URL, "https://"))
	endpoints := p.current.Load().endpoints["dex"]
	endpoints.Endpoints[0].LbEndpoints[0].Metadata = &corev3.Metadata{
		FilterMetadata: map[string]*structpb.Struct{"envoy.transport_socket_match": mark(t)},
	}
	must(t, say(t, p, endpointType, "dex", endpoints))
	must(t, say(t, p, routeType, "routes", &routev3.RouteConfiguration{VirtualHosts: []*routev3.VirtualHost{{
		Name: "all", Domains: []string{"*"},
		Routes: []*routev3.Route{{
			Match:  &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}},
			Action: &routev3.Route_Route{Route: &routev3.RouteAction{ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: "dex"}}},
		}},
	}}}))
	url, err := serveHTTP(t, p)
	must(t, err)

	must(t, speakTLS(t, p, "dex", "example.com"))
	if needed := p.needed()[secretType]; len(needed) != 1 || needed[0] != "dex-ca" {
		t.Fatalf("asks for %v", needed)
	}
	if answer, _ := ask(t, url, "id.home.arpa"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("without the authority: %d", answer.StatusCode)
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: served.Certificate().Raw})
	must(t, say(t, p, secretType, "dex-ca", &tlsv3.Secret{Name: "dex-ca", Type: &tlsv3.Secret_ValidationContext{
		ValidationContext: &tlsv3.CertificateValidationContext{
			TrustedCa: &corev3.DataSource{Specifier: &corev3.DataSource_InlineBytes{InlineBytes: authority}},
		},
	}}))
	if answer, body := ask(t, url, "id.home.arpa"); answer.StatusCode != http.StatusOK || body != "example.com" {
		t.Fatalf("%d %s", answer.StatusCode, body)
	}
	must(t, speakTLS(t, p, "dex", "another.example.net"))
	if answer, _ := ask(t, url, "id.home.arpa"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("by another's name: %d", answer.StatusCode)
	}
}

func TestRefusesTLSToBackendsThatNobodyJudges(t *testing.T) {
	p := newProxy()
	err := say(t, p, clusterType, "open", &clusterv3.Cluster{
		Name: "open",
		TransportSocket: &corev3.TransportSocket{Name: "tls", ConfigType: &corev3.TransportSocket_TypedConfig{
			TypedConfig: pack(t, &tlsv3.UpstreamTlsContext{Sni: "example.com"}),
		}},
	})
	if err == nil || !strings.Contains(err.Error(), "one for all endpoints") {
		t.Fatal(err)
	}
}
