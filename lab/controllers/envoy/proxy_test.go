package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	xdscorev3 "github.com/cncf/xds/go/xds/core/v3"
	xdsmatcherv3 "github.com/cncf/xds/go/xds/type/matcher/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpproxyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	udpproxyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/udp/udp_proxy/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

func pack(t *testing.T, value proto.Message) *anypb.Any {
	t.Helper()
	envelope, err := anypb.New(value)
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

// say lets a proxy take one resource, as a controller sends it.
func say(t *testing.T, p *proxy, kind, name string, value proto.Message) error {
	t.Helper()
	return p.take(&discoveryv3.DeltaDiscoveryResponse{
		TypeUrl: kind, Resources: []*discoveryv3.Resource{{Name: name, Version: "1", Resource: pack(t, value)}},
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func socketOf(protocol corev3.SocketAddress_Protocol, host string, port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Protocol: protocol, Address: host, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}

// backend makes a cluster with one endpoint.
func backend(t *testing.T, p *proxy, name, address string) {
	t.Helper()
	host, port, _ := strings.Cut(address, ":")
	var number uint32
	fmt.Sscan(port, &number)
	must(t, say(t, p, clusterType, name, &clusterv3.Cluster{
		Name: name, ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_EDS},
	}))
	must(t, say(t, p, endpointType, name, &endpointv3.ClusterLoadAssignment{
		ClusterName: name,
		Endpoints: []*endpointv3.LocalityLbEndpoints{{LbEndpoints: []*endpointv3.LbEndpoint{{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{
				Address: socketOf(corev3.SocketAddress_TCP, host, number),
			}},
		}}}},
	}))
}

func freePort(t *testing.T) uint32 {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return uint32(listener.Addr().(*net.TCPAddr).Port)
}

func chainTo(t *testing.T, filter proto.Message, names ...string) *listenerv3.FilterChain {
	t.Helper()
	return &listenerv3.FilterChain{
		FilterChainMatch: &listenerv3.FilterChainMatch{ServerNames: names},
		Filters: []*listenerv3.Filter{{
			Name: "one", ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: pack(t, filter)},
		}},
	}
}

func serveHTTP(t *testing.T, p *proxy, filters ...string) (string, error) {
	t.Helper()
	manager := &hcmv3.HttpConnectionManager{RouteSpecifier: &hcmv3.HttpConnectionManager_Rds{
		Rds: &hcmv3.Rds{RouteConfigName: "routes"},
	}}
	for _, name := range append(filters, "envoy.filters.http.router") {
		manager.HttpFilters = append(manager.HttpFilters, &hcmv3.HttpFilter{Name: name})
	}
	port := freePort(t)
	address := socketOf(corev3.SocketAddress_TCP, "127.0.0.1", port)
	err := say(t, p, listenerType, "http", &listenerv3.Listener{
		Name: "http", Address: address, DefaultFilterChain: chainTo(t, manager),
	})
	return fmt.Sprintf("http://127.0.0.1:%d", port), err
}

func ask(t *testing.T, url, host string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	must(t, err)
	request.Host = host
	answer, err := http.DefaultTransport.RoundTrip(request)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer, string(body)
}

func prefixed(prefix string) *routev3.RouteMatch {
	return &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_PathSeparatedPrefix{PathSeparatedPrefix: prefix}}
}

func TestRequestsFollowHostsPathsAndRedirects(t *testing.T) {
	p := newProxy()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s %s", r.Host, r.URL.Path, r.Header.Get("x-set"), r.Header.Get("X-Forwarded-For"))
	}))
	defer server.Close()
	backend(t, p, "photos", strings.TrimPrefix(server.URL, "http://"))
	url, err := serveHTTP(t, p)
	must(t, err)
	if names := p.needed()[routeType]; len(names) != 1 || names[0] != "routes" {
		t.Fatalf("asks for %v", names)
	}
	must(t, say(t, p, routeType, "routes", &routev3.RouteConfiguration{
		Name: "routes",
		VirtualHosts: []*routev3.VirtualHost{
			{Name: "photos", Domains: []string{"photos.home.arpa"}, Routes: []*routev3.Route{{
				Match: prefixed("/api"),
				Action: &routev3.Route_Route{Route: &routev3.RouteAction{
					ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: "photos"}, PrefixRewrite: "/v1",
				}},
				RequestHeadersToAdd: []*corev3.HeaderValueOption{{Header: &corev3.HeaderValue{Key: "x-set", Value: "yes"}}},
			}}},
			{Name: "all", Domains: []string{"*"}, Routes: []*routev3.Route{{
				Match: &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}},
				Action: &routev3.Route_Redirect{Redirect: &routev3.RedirectAction{
					SchemeRewriteSpecifier: &routev3.RedirectAction_SchemeRedirect{SchemeRedirect: "https"},
				}},
			}}},
		},
	}))
	if _, body := ask(t, url+"/api/list", "photos.home.arpa:80"); body != "photos.home.arpa:80 /v1/list yes 127.0.0.1" {
		t.Errorf("the backend saw %q", body)
	}
	if answer, _ := ask(t, url+"/apis", "photos.home.arpa"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("/apis is not below /api, and got %d", answer.StatusCode)
	}
	answer, _ := ask(t, url+"/a?b=c", "other.home.arpa:80")
	if at := answer.Header.Get("Location"); answer.StatusCode != 301 || at != "https://other.home.arpa/a?b=c" {
		t.Errorf("%d to %s", answer.StatusCode, at)
	}
}

func TestWithoutAWordAnAnswerMayTakeFifteenSecondsAndNothingIsUpgraded(t *testing.T) {
	action := &routev3.RouteAction{}
	if got := timeoutOf(action); got != 15*time.Second {
		t.Errorf("%s", got)
	}
	action.Timeout = durationpb.New(0)
	if got := timeoutOf(action); got != 0 {
		t.Errorf("%s", got)
	}
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	if !upgrades(action, request) {
		t.Error("a request that asks for no upgrade is refused")
	}
	request.Header.Set("Upgrade", "WebSocket")
	if upgrades(action, request) {
		t.Error("a websocket passes where nobody says so")
	}
	action.UpgradeConfigs = []*routev3.RouteAction_UpgradeConfig{{UpgradeType: "websocket"}}
	if !upgrades(action, request) {
		t.Error("no websocket passes")
	}
}

func TestTheNameInTheHandshakeChooses(t *testing.T) {
	p := newProxy()
	one, two := httptest.NewTLSServer(nil), httptest.NewTLSServer(nil)
	defer one.Close()
	defer two.Close()
	one.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "one") })
	two.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "two") })
	backend(t, p, "one", strings.TrimPrefix(one.URL, "https://"))
	backend(t, p, "two", strings.TrimPrefix(two.URL, "https://"))
	to := func(cluster string) proto.Message {
		return &tcpproxyv3.TcpProxy{ClusterSpecifier: &tcpproxyv3.TcpProxy_Cluster{Cluster: cluster}}
	}
	port := freePort(t)
	must(t, say(t, p, listenerType, "tls", &listenerv3.Listener{
		Name: "tls", Address: socketOf(corev3.SocketAddress_TCP, "127.0.0.1", port),
		FilterChains: []*listenerv3.FilterChain{
			chainTo(t, to("two"), "*.home.arpa"), chainTo(t, to("one"), "one.home.arpa"),
		},
	}))
	for name, wanted := range map[string]string{"one.home.arpa": "one", "other.home.arpa": "two"} {
		client, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		must(t, err)
		fmt.Fprintf(client, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", name)
		answer, err := http.ReadResponse(bufio.NewReader(client), nil)
		must(t, err)
		if body, _ := io.ReadAll(answer.Body); string(body) != wanted {
			t.Errorf("%s reached %q", name, body)
		}
		client.Close()
	}
	if _, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), &tls.Config{ServerName: "a.example.net", InsecureSkipVerify: true}); err == nil {
		t.Error("a name of no chain was served")
	}
}

func TestDatagramsReachTheirBackendAndComeBack(t *testing.T) {
	p := newProxy()
	echo, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	defer echo.Close()
	go func() {
		packet := make([]byte, 1500)
		for {
			count, from, err := echo.ReadFrom(packet)
			if err != nil {
				return
			}
			echo.WriteTo(append([]byte("back: "), packet[:count]...), from)
		}
	}()
	backend(t, p, "echo", echo.LocalAddr().String())
	route := &xdsmatcherv3.Matcher_OnMatch{OnMatch: &xdsmatcherv3.Matcher_OnMatch_Action{
		Action: &xdscorev3.TypedExtensionConfig{Name: "route", TypedConfig: pack(t, &udpproxyv3.Route{Cluster: "echo"})},
	}}
	proxy := &udpproxyv3.UdpProxyConfig{RouteSpecifier: &udpproxyv3.UdpProxyConfig_Matcher{
		Matcher: &xdsmatcherv3.Matcher{OnNoMatch: route},
	}}
	port := freePort(t)
	must(t, say(t, p, listenerType, "udp", &listenerv3.Listener{
		Name: "udp", Address: socketOf(corev3.SocketAddress_UDP, "127.0.0.1", port),
		ListenerFilters: []*listenerv3.ListenerFilter{{
			Name:       "envoy.filters.udp_listener.udp_proxy",
			ConfigType: &listenerv3.ListenerFilter_TypedConfig{TypedConfig: pack(t, proxy)},
		}},
	}))
	client, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	must(t, err)
	defer client.Close()
	client.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprint(client, "hello")
	answer := make([]byte, 64)
	count, err := client.Read(answer)
	must(t, err)
	if string(answer[:count]) != "back: hello" {
		t.Errorf("got %q", answer[:count])
	}
}

func TestWhatIsNotPlayedIsRefusedByNameAndKeepsTheProxyUnready(t *testing.T) {
	p := newProxy()
	_, err := serveHTTP(t, p, "envoy.filters.http.jwt_authn")
	wanted := "the lab's envoy does not play the HTTP filter envoy.filters.http.jwt_authn"
	if err == nil || !strings.Contains(err.Error(), wanted) {
		t.Fatalf("refused with %v", err)
	}
	if !strings.Contains(p.unready(), wanted) {
		t.Errorf("unready because of %q", p.unready())
	}
	if _, err := serveHTTP(t, p); err != nil || p.unready() != "" {
		t.Errorf("still unready: %v %q", err, p.unready())
	}
	socket := &clusterv3.Cluster{TransportSocket: &corev3.TransportSocket{Name: "tls"}}
	if err := say(t, p, clusterType, "c", socket); err == nil {
		t.Error("a backend of TLS was taken")
	}
}

func TestArgumentsThatAreNotKnownAreRefused(t *testing.T) {
	if _, err := parseOptions([]string{"--service-node", "a", "--hot-restart-version"}); err == nil ||
		!strings.Contains(err.Error(), "--hot-restart-version") {
		t.Error(err)
	}
}
