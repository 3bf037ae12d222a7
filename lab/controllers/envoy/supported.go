package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpproxyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
)

// Filters of HTTP that are played; the value says whether a route may have settings of its own for it.
var httpFilters = map[string]bool{
	"envoy.filters.http.router": false, "envoy.filters.http.health_check": false,
	"envoy.filters.http.local_ratelimit": true, "envoy.filters.http.buffer": true,
}

func unplayed(what, name string) error {
	return fmt.Errorf("the lab's envoy does not play %s %s", what, name)
}

func checkListener(listener *listenerv3.Listener) error {
	if listener.GetAddress().GetSocketAddress() == nil {
		return unplayed("listeners without", "a socket address")
	}
	for _, filter := range listener.ListenerFilters {
		switch filter.Name {
		case "envoy.filters.listener.tls_inspector", "envoy.filters.udp_listener.udp_proxy":
		default:
			return unplayed("the listener filter", filter.Name)
		}
	}
	for _, chain := range chainsOf(listener) {
		if err := checkChain(chain); err != nil {
			return err
		}
	}
	return nil
}

func checkChain(chain *listenerv3.FilterChain) error {
	match := chain.GetFilterChainMatch()
	if len(match.GetPrefixRanges())+len(match.GetSourcePrefixRanges())+len(match.GetApplicationProtocols()) > 0 {
		return unplayed("filter chains that are chosen by", "addresses or application protocols")
	}
	if socket := chain.TransportSocket; socket != nil && unpack[tlsv3.DownstreamTlsContext](socket.GetTypedConfig()) == nil {
		return unplayed("the transport socket", socket.Name)
	}
	if len(chain.Filters) != 1 {
		for _, filter := range chain.Filters {
			if filter.Name != "envoy.filters.network.http_connection_manager" && filter.Name != "envoy.filters.network.tcp_proxy" {
				return unplayed("the network filter", filter.Name)
			}
		}
		return errors.New("a filter chain has not one filter")
	}
	manager := managerOf(chain)
	if manager == nil {
		proxy := tcpProxyOf(chain)
		if proxy == nil {
			return unplayed("the network filter", chain.Filters[0].Name)
		}
		return nil
	}
	for _, filter := range manager.HttpFilters {
		if _, played := httpFilters[filter.Name]; !played && !filter.IsOptional && !filter.Disabled {
			return unplayed("the HTTP filter", filter.Name)
		}
	}
	if config := manager.GetRouteConfig(); config != nil {
		return checkRoutes(config)
	}
	return nil
}

func checkRoutes(config *routev3.RouteConfiguration) error {
	for _, host := range config.VirtualHosts {
		for _, route := range host.Routes {
			if err := checkRoute(route); err != nil {
				return fmt.Errorf("route %s: %w", route.Name, err)
			}
		}
	}
	return nil
}

func checkRoute(route *routev3.Route) error {
	for name := range route.TypedPerFilterConfig {
		if played := httpFilters[name]; !played {
			return unplayed("settings of a route for", name)
		}
	}
	if len(limitOf(route).GetDescriptors()) > 0 {
		return unplayed("a local rate limit that tells", "clients apart")
	}
	switch route.GetMatch().GetPathSpecifier().(type) {
	case *routev3.RouteMatch_Prefix, *routev3.RouteMatch_Path, *routev3.RouteMatch_PathSeparatedPrefix, *routev3.RouteMatch_SafeRegex:
	default:
		return unplayed("the path match", fmt.Sprintf("%T", route.GetMatch().GetPathSpecifier()))
	}
	switch action := route.GetAction().(type) {
	case *routev3.Route_Redirect, *routev3.Route_DirectResponse:
	case *routev3.Route_Route:
		if action.Route.GetCluster() == "" && action.Route.GetWeightedClusters() == nil {
			return unplayed("clusters that are chosen by", fmt.Sprintf("%T", action.Route.GetClusterSpecifier()))
		}
		if len(action.Route.GetRequestMirrorPolicies()) > 0 {
			return unplayed("the", "mirroring of requests")
		}
	default:
		return unplayed("the action", fmt.Sprintf("%T", action))
	}
	return nil
}

func chainsOf(listener *listenerv3.Listener) []*listenerv3.FilterChain {
	if listener.DefaultFilterChain == nil {
		return listener.FilterChains
	}
	return append(append([]*listenerv3.FilterChain{}, listener.FilterChains...), listener.DefaultFilterChain)
}

func managerOf(chain *listenerv3.FilterChain) *hcmv3.HttpConnectionManager {
	for _, filter := range chain.GetFilters() {
		if manager := unpack[hcmv3.HttpConnectionManager](filter.GetTypedConfig()); manager != nil {
			return manager
		}
	}
	return nil
}

func tcpProxyOf(chain *listenerv3.FilterChain) *tcpproxyv3.TcpProxy {
	for _, filter := range chain.GetFilters() {
		if proxy := unpack[tcpproxyv3.TcpProxy](filter.GetTypedConfig()); proxy != nil {
			return proxy
		}
	}
	return nil
}

func tlsOf(chain *listenerv3.FilterChain) *tlsv3.DownstreamTlsContext {
	return unpack[tlsv3.DownstreamTlsContext](chain.GetTransportSocket().GetTypedConfig())
}

// secretsOf names the certificates that a chain shows, and the authorities of those that it asks for.
func secretsOf(chain *listenerv3.FilterChain) []string {
	var names []string
	context := tlsOf(chain).GetCommonTlsContext()
	for _, secret := range context.GetTlsCertificateSdsSecretConfigs() {
		names = append(names, secret.Name)
	}
	if name := validationOf(tlsOf(chain)); name != "" {
		names = append(names, name)
	}
	return names
}

func validationOf(context *tlsv3.DownstreamTlsContext) string {
	common := context.GetCommonTlsContext()
	if name := common.GetValidationContextSdsSecretConfig().GetName(); name != "" {
		return name
	}
	return common.GetCombinedValidationContext().GetValidationContextSdsSecretConfig().GetName()
}

func addressOf(address *corev3.Address) string {
	socket := address.GetSocketAddress()
	return net.JoinHostPort(socket.GetAddress(), strconv.Itoa(int(socket.GetPortValue())))
}
