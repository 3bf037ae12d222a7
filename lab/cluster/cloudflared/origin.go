package cloudflared

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	// controlHeader marks the edge's own requests among those of visitors, from which the edge
	// takes it away.
	controlHeader = "Cf-Cloudflared-Proxy-Connection-Upgrade"
	configUpdate  = "update-configuration"
	// longestConfig bounds the configuration that the edge may send, in bytes.
	longestConfig = 1 << 20
	// originPatience is cloudflared's connectTimeout.
	originPatience = 30 * time.Second
)

// origin answers the requests that come through the tunnel.
type origin struct {
	log     *slog.Logger
	resolve func(ctx context.Context, host string) (netip.Addr, error)
	// from is the pod's address, which origins and network policies know it by.
	from    netip.Addr
	proxy   *httputil.ReverseProxy
	rules   atomic.Pointer[[]rule]
	version atomic.Int64
	// keys fetches the keys of Access teams, like the way to the edge over the machine's own network.
	keys *http.Client
	// requests and failures are counted for the metrics.
	requests, failures atomic.Int64
}

type ruleKey struct{}

func newOrigin(resolve func(context.Context, string) (netip.Addr, error), from netip.Addr, log *slog.Logger) *origin {
	o := &origin{resolve: resolve, from: from, log: log, keys: &http.Client{Timeout: originPatience}}
	o.proxy = &httputil.ReverseProxy{
		Rewrite: rewrite,
		Transport: &http.Transport{
			DialContext: o.dial, MaxIdleConnsPerHost: 100, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
		},
		FlushInterval: -1,
		ErrorHandler:  o.fail,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return o
}

// rewrite sends the request to the rule's origin with the visitor's Host and the edge's headers.
func rewrite(r *httputil.ProxyRequest) {
	target := r.In.Context().Value(ruleKey{}).(*rule).origin
	r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
	r.Out.Host = r.In.Host
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} {
		r.Out.Header[name] = r.In.Header[name]
	}
}

// dial connects to an origin by the pod's own resolver.
func (o *origin) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, originPatience)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ip, err := o.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: o.from.AsSlice()}}
	return dialer.DialContext(ctx, network, net.JoinHostPort(ip.String(), port))
}

func (o *origin) fail(w http.ResponseWriter, r *http.Request, err error) {
	o.failures.Add(1)
	o.log.Error("Unable to reach the origin service. The service may be down or it may not be responding to traffic from cloudflared",
		"host", r.Host, "error", err)
	http.Error(w, "Bad gateway: cloudflared is unable to reach the origin service", http.StatusBadGateway)
}

// ServeHTTP answers one request of a visitor, or takes a configuration from the edge.
func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(controlHeader) == configUpdate {
		o.configure(w, r)
		return
	}
	o.requests.Add(1)
	rules := o.rules.Load()
	if rules == nil {
		// What cloudflared does until it has a configuration.
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	found := match(*rules, r.Host, r.URL.Path)
	if found != nil && found.access != nil && !o.passes(found.access, w, r) {
		return
	}
	switch {
	case found == nil:
		w.WriteHeader(http.StatusServiceUnavailable)
	case found.origin == nil:
		w.WriteHeader(found.status)
	default:
		o.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ruleKey{}, found)))
	}
}

// passes answers itself what the rule's Access check does not let through (proxy/proxy.go applyIngressMiddleware).
func (o *origin) passes(access *accessCheck, w http.ResponseWriter, r *http.Request) bool {
	const handler = "AccessJWTValidator"
	reason, err := access.refusal(r)
	switch {
	case err != nil:
		o.fail(w, r, fmt.Errorf("error while processing middleware handler %s: %w", handler, err))
		return false
	case reason != "":
		o.log.Error("request filtered by middleware handler", "handler", handler, "reason", reason, "host", r.Host)
		w.WriteHeader(http.StatusForbidden)
		return false
	}
	return true
}

// configure takes the rules into use, or says why it keeps those it has.
func (o *origin) configure(w http.ResponseWriter, r *http.Request) {
	var update struct {
		Version int64 `json:"version"`
		Config  struct {
			Ingress []ruleSource `json:"ingress"`
		} `json:"config"`
	}
	answer := struct {
		Applied int64  `json:"lastAppliedVersion"`
		Error   string `json:"err,omitempty"`
	}{}
	err := json.NewDecoder(io.LimitReader(r.Body, longestConfig)).Decode(&update)
	var rules []rule
	if err == nil {
		rules, err = parseRules(update.Config.Ingress, o.keys)
	}
	if err != nil {
		o.log.Error("cannot use the tunnel's configuration", "version", update.Version, "error", err)
		answer.Error = fmt.Sprintf("version %d: %v", update.Version, err)
	} else {
		o.rules.Store(&rules)
		o.version.Store(update.Version)
		o.log.Info("Updated to new configuration", "version", update.Version, "rules", len(rules))
	}
	answer.Applied = o.version.Load()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		o.log.Debug("the edge hung up", "error", err)
	}
}
