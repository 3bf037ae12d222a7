package main

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	limitv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/local_ratelimit/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
)

type headerValueOption = corev3.HeaderValueOption

func appends(option *headerValueOption) bool {
	return option.GetAppendAction() == corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD
}

// hostOf follows Envoy's order: the whole name, the longest name below a star, then any name. Ports are passed over.
func hostOf(config *routev3.RouteConfiguration, asked string) *routev3.VirtualHost {
	name := strings.ToLower(asked)
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	var best *routev3.VirtualHost
	length := -1
	for _, host := range config.GetVirtualHosts() {
		for _, domain := range host.Domains {
			fits := -1
			switch {
			case domain == "*":
				fits = 0
			case domain == name:
				fits = 1 << 16
			case strings.HasPrefix(domain, "*") && strings.HasSuffix(name, domain[1:]):
				fits = len(domain)
			}
			if fits > length {
				best, length = host, fits
			}
		}
	}
	return best
}

// routeOf is the first route of a virtual host that a request fits.
func routeOf(host *routev3.VirtualHost, r *http.Request) *routev3.Route {
	for _, route := range host.GetRoutes() {
		if fits(route.GetMatch(), r) {
			return route
		}
	}
	return nil
}

func fits(match *routev3.RouteMatch, r *http.Request) bool {
	path := r.URL.EscapedPath()
	switch wanted := match.GetPathSpecifier().(type) {
	case *routev3.RouteMatch_Prefix:
		if !strings.HasPrefix(path, wanted.Prefix) {
			return false
		}
	case *routev3.RouteMatch_Path:
		if path != wanted.Path {
			return false
		}
	case *routev3.RouteMatch_PathSeparatedPrefix:
		if path != wanted.PathSeparatedPrefix && !strings.HasPrefix(path, wanted.PathSeparatedPrefix+"/") {
			return false
		}
	case *routev3.RouteMatch_SafeRegex:
		if !whole(wanted.SafeRegex.Regex, path) {
			return false
		}
	}
	for _, header := range match.GetHeaders() {
		if !headerFits(header, r) {
			return false
		}
	}
	query := r.URL.Query()
	for _, parameter := range match.GetQueryParameters() {
		if !query.Has(parameter.Name) || !textFits(parameter.GetStringMatch(), query.Get(parameter.Name)) {
			return false
		}
	}
	return true
}

func headerFits(header *routev3.HeaderMatcher, r *http.Request) bool {
	value, present := "", true
	switch header.Name {
	case ":method":
		value = r.Method
	case ":path":
		value = r.URL.RequestURI()
	case ":authority":
		value = r.Host
	default:
		value, present = strings.Join(r.Header.Values(header.Name), ","), len(r.Header.Values(header.Name)) > 0
	}
	found := present
	if match := header.GetStringMatch(); match != nil {
		found = present && textFits(match, value)
	}
	return found != header.InvertMatch
}

func textFits(match *matcherv3.StringMatcher, value string) bool {
	switch wanted := match.GetMatchPattern().(type) {
	case *matcherv3.StringMatcher_Exact:
		return value == wanted.Exact
	case *matcherv3.StringMatcher_Prefix:
		return strings.HasPrefix(value, wanted.Prefix)
	case *matcherv3.StringMatcher_Suffix:
		return strings.HasSuffix(value, wanted.Suffix)
	case *matcherv3.StringMatcher_Contains:
		return strings.Contains(value, wanted.Contains)
	case *matcherv3.StringMatcher_SafeRegex:
		return whole(wanted.SafeRegex.Regex, value)
	}
	return true
}

// whole says whether a regular expression fits all of a text, as Envoy reads it.
func whole(expression, text string) bool {
	compiled, err := regexp.Compile("^(?:" + expression + ")$")
	return err == nil && compiled.MatchString(text)
}

// rewritten is a request's path for the backend.
func rewritten(route *routev3.Route, action *routev3.RouteAction, path string) string {
	if rewrite := action.GetRegexRewrite(); rewrite != nil {
		if expression, err := regexp.Compile(rewrite.GetPattern().GetRegex()); err == nil {
			return expression.ReplaceAllString(path, groups.ReplaceAllString(rewrite.Substitution, "$${$1}"))
		}
	}
	if prefix := action.GetPrefixRewrite(); prefix != "" {
		return prefix + strings.TrimPrefix(path, matchedPrefix(route))
	}
	return path
}

// groups are references to groups in a substitution: `\1`.
var groups = regexp.MustCompile(`\\(\d)`)

func matchedPrefix(route *routev3.Route) string {
	match := route.GetMatch()
	if prefix := match.GetPathSeparatedPrefix(); prefix != "" {
		return prefix
	}
	return match.GetPrefix()
}

func redirect(w http.ResponseWriter, r *http.Request, route *routev3.Route, to *routev3.RedirectAction) {
	target := url.URL{Scheme: "http", RawQuery: r.URL.RawQuery}
	if r.TLS != nil {
		target.Scheme = "https"
	}
	name, port := r.Host, ""
	if host, given, err := net.SplitHostPort(r.Host); err == nil {
		name, port = host, given
	}
	if scheme := to.GetSchemeRedirect(); scheme != "" && scheme != target.Scheme {
		// A port that belonged to the other scheme goes with it.
		target.Scheme, port = scheme, ""
	}
	if host := to.GetHostRedirect(); host != "" {
		name = host
	}
	if given := to.GetPortRedirect(); given != 0 && !usualPort(target.Scheme, given) {
		port = strconv.Itoa(int(given))
	}
	target.Host = name
	if port != "" {
		target.Host = net.JoinHostPort(name, port)
	}
	path := r.URL.EscapedPath()
	if given := to.GetPathRedirect(); given != "" {
		path = given
	}
	if prefix := to.GetPrefixRewrite(); prefix != "" {
		path = prefix + strings.TrimPrefix(path, matchedPrefix(route))
	}
	setPath(&target, path)
	codes := map[routev3.RedirectAction_RedirectResponseCode]int{
		routev3.RedirectAction_MOVED_PERMANENTLY: 301, routev3.RedirectAction_FOUND: 302, routev3.RedirectAction_SEE_OTHER: 303,
		routev3.RedirectAction_TEMPORARY_REDIRECT: 307, routev3.RedirectAction_PERMANENT_REDIRECT: 308,
	}
	w.Header().Set("Location", target.String())
	w.WriteHeader(codes[to.ResponseCode])
}

func usualPort(scheme string, port uint32) bool {
	return scheme == "https" && port == 443 || scheme == "http" && port == 80
}

// bucket is what a route's local limit has left.
type bucket struct {
	lock   sync.Mutex
	left   uint32
	filled time.Time
}

// buckets are the limits' by the route's name: they outlive a new form of the route, as long as the limit is the same.
var buckets sync.Map

func limitOf(route *routev3.Route) *limitv3.LocalRateLimit {
	return unpack[limitv3.LocalRateLimit](route.TypedPerFilterConfig["envoy.filters.http.local_ratelimit"])
}

// limited takes a token of the route's bucket, and says whether there was none.
func limited(route *routev3.Route) bool {
	limit := limitOf(route).GetTokenBucket()
	if limit == nil {
		return false
	}
	found, _ := buckets.LoadOrStore(route.Name+limit.String(), &bucket{left: limit.MaxTokens, filled: time.Now()})
	b := found.(*bucket)
	b.lock.Lock()
	defer b.lock.Unlock()
	for interval := limit.FillInterval.AsDuration(); time.Since(b.filled) >= interval; b.filled = b.filled.Add(interval) {
		b.left = min(limit.MaxTokens, b.left+limit.GetTokensPerFill().GetValue())
		if b.left == limit.MaxTokens {
			b.filled = time.Now()
			break
		}
	}
	if b.left == 0 {
		return true
	}
	b.left--
	return false
}
