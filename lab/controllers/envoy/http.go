package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"time"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	bufferv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/buffer/v3"
	healthv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/health_check/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/google/uuid"
)

// serveRequest runs a request through its chain's filters and its route.
func (p *proxy) serveRequest(w http.ResponseWriter, r *http.Request) {
	chain, _ := r.Context().Value(chainKey{}).(*listenerv3.FilterChain)
	manager := managerOf(chain)
	if manager == nil {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	if settlePath(manager, w, r) || p.answersHealth(manager, w, r) {
		return
	}
	s := p.current.Load()
	config := manager.GetRouteConfig()
	if name := manager.GetRds().GetRouteConfigName(); name != "" {
		config = s.routes[name]
	}
	host := hostOf(config, r.Host)
	route := routeOf(host, r)
	if route == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if limited(route) {
		http.Error(w, "local_rate_limited", http.StatusTooManyRequests)
		return
	}
	if !withinBuffer(route, r) {
		http.Error(w, "Payload Too Large", http.StatusRequestEntityTooLarge)
		return
	}
	switch action := route.Action.(type) {
	case *routev3.Route_Redirect:
		redirect(w, r, route, action.Redirect)
	case *routev3.Route_DirectResponse:
		w.WriteHeader(int(action.DirectResponse.Status))
		io.WriteString(w, action.DirectResponse.GetBody().GetInlineString())
	case *routev3.Route_Route:
		p.forward(w, r, headersOf(config, host, route), route, action.Route)
	}
}

// answersHealth plays the filter that Envoy Gateway puts on the listener for readiness.
func (p *proxy) answersHealth(manager *hcmv3.HttpConnectionManager, w http.ResponseWriter, r *http.Request) bool {
	for _, filter := range manager.HttpFilters {
		check := unpack[healthv3.HealthCheck](filter.GetTypedConfig())
		if check == nil {
			continue
		}
		for _, header := range check.Headers {
			if !headerFits(header, r) {
				return false
			}
		}
		if reason := p.unready(); reason != "" {
			http.Error(w, reason, http.StatusServiceUnavailable)
			return true
		}
		w.WriteHeader(http.StatusOK)
		return true
	}
	return false
}

// headers are the changes of configuration, virtual host and route, the most particular first, as Envoy applies them.
type headers struct {
	request, response []headerChange
}

type headerChange struct {
	add    []*headerValueOption
	remove []string
}

func (c headerChange) apply(to http.Header) {
	for _, option := range c.add {
		name, value := option.GetHeader().GetKey(), option.GetHeader().GetValue()
		if value == "" {
			value = string(option.GetHeader().GetRawValue())
		}
		if appends(option) {
			to.Add(name, value)
		} else {
			to.Set(name, value)
		}
	}
	for _, name := range c.remove {
		to.Del(name)
	}
}

func headersOf(config *routev3.RouteConfiguration, host *routev3.VirtualHost, route *routev3.Route) headers {
	return headers{
		request: []headerChange{
			{route.RequestHeadersToAdd, route.RequestHeadersToRemove},
			{host.RequestHeadersToAdd, host.RequestHeadersToRemove},
			{config.RequestHeadersToAdd, config.RequestHeadersToRemove},
		},
		response: []headerChange{
			{route.ResponseHeadersToAdd, route.ResponseHeadersToRemove},
			{host.ResponseHeadersToAdd, host.ResponseHeadersToRemove},
			{config.ResponseHeadersToAdd, config.ResponseHeadersToRemove},
		},
	}
}

// timeoutOf is how long an answer may take, 15 s where nothing is said, and zero for without end
// (envoy.config.route.v3.RouteAction, timeout).
func timeoutOf(action *routev3.RouteAction) time.Duration {
	if action.Timeout == nil {
		return 15 * time.Second
	}
	return action.Timeout.AsDuration()
}

// upgrades tells whether a route lets a connection become what the request asks for, which none does by itself.
func upgrades(action *routev3.RouteAction, r *http.Request) bool {
	wanted := r.Header.Get("Upgrade")
	return wanted == "" || slices.ContainsFunc(action.UpgradeConfigs, func(one *routev3.RouteAction_UpgradeConfig) bool {
		return strings.EqualFold(one.UpgradeType, wanted) && (one.Enabled == nil || one.Enabled.Value)
	})
}

// forward hands a request to one of the action's clusters; websockets pass where the route says so.
func (p *proxy) forward(w http.ResponseWriter, r *http.Request, changes headers, route *routev3.Route, action *routev3.RouteAction) {
	if !upgrades(action, r) {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	cluster, inner := pick(action)
	if inner != nil {
		changes.request = append([]headerChange{{inner.RequestHeadersToAdd, inner.RequestHeadersToRemove}}, changes.request...)
		changes.response = append([]headerChange{{inner.ResponseHeadersToAdd, inner.ResponseHeadersToRemove}}, changes.response...)
	}
	ctx := r.Context()
	if limit := timeoutOf(action); limit > 0 {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = limited
	}
	proxied := &httputil.ReverseProxy{
		Transport: p.transport(cluster),
		Rewrite: func(out *httputil.ProxyRequest) {
			out.Out.URL.Scheme, out.Out.URL.Host = "http", "cluster"
			setPath(out.Out.URL, rewritten(route, action, r.URL.EscapedPath()))
			out.Out.Host = r.Host
			if literal := action.GetHostRewriteLiteral(); literal != "" {
				out.Out.Host = literal
			}
			out.Out.Header["X-Forwarded-For"] = r.Header["X-Forwarded-For"]
			forwardedFor(out.Out.Header, r)
			for _, change := range changes.request {
				change.apply(out.Out.Header)
			}
		},
		ModifyResponse: func(answer *http.Response) error {
			for _, change := range changes.response {
				change.apply(answer.Header)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if errors.Is(err, context.DeadlineExceeded) {
				http.Error(w, "upstream request timeout", http.StatusGatewayTimeout)
				return
			}
			log.Printf("cluster %s: %v", cluster, err)
			http.Error(w, "no healthy upstream", http.StatusServiceUnavailable)
		},
		ErrorLog: log.Default(),
	}
	proxied.ServeHTTP(w, r.WithContext(ctx))
}

// forwardedFor adds who the client is, as `use_remote_address` does.
func forwardedFor(header http.Header, r *http.Request) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err == nil {
		before := append(header.Values("X-Forwarded-For"), address)
		header.Set("X-Forwarded-For", strings.Join(before, ","))
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if header.Get("X-Forwarded-Proto") == "" {
		header.Set("X-Forwarded-Proto", scheme)
	}
	if header.Get("X-Request-Id") == "" {
		header.Set("X-Request-Id", uuid.NewString())
	}
}

// pick is the action's cluster, or one of several by weight.
func pick(action *routev3.RouteAction) (string, *routev3.WeightedCluster_ClusterWeight) {
	if name := action.GetCluster(); name != "" {
		return name, nil
	}
	clusters := action.GetWeightedClusters().GetClusters()
	var sum uint32
	for _, one := range clusters {
		sum += one.GetWeight().GetValue()
	}
	at := uint32(0)
	if sum > 0 {
		at = rand.Uint32N(sum)
	}
	for _, one := range clusters {
		if at < one.GetWeight().GetValue() {
			return one.Name, one
		}
		at -= one.GetWeight().GetValue()
	}
	return "", nil
}

// transport connects to a cluster's endpoints, a new connection for each request.
func (p *proxy) transport(cluster string) http.RoundTripper {
	return &http.Transport{
		DisableKeepAlives:  true,
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return p.dial(ctx, "tcp", cluster)
		},
	}
}

// withinBuffer reads a request's body where the route says how large it may be.
func withinBuffer(route *routev3.Route, r *http.Request) bool {
	settings := unpack[bufferv3.BufferPerRoute](route.TypedPerFilterConfig["envoy.filters.http.buffer"])
	limit := settings.GetBuffer().GetMaxRequestBytes()
	if limit == nil {
		return true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit.Value)+1))
	if err != nil || len(body) > int(limit.Value) {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}
