package cloudflared

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// ruleSource is an ingress rule as the edge sends it.
type ruleSource struct {
	Hostname string `json:"hostname"`
	Path     string `json:"path"`
	Service  string `json:"service"`
	// OriginRequest: of all its settings the stand-in has `access`; the others are refused.
	OriginRequest map[string]json.RawMessage `json:"originRequest"`
}

// rule sends requests for a host name and path to an origin, or answers them with a status.
type rule struct {
	// hostname is exact, `*.` and a domain, or empty for all.
	hostname string
	path     *regexp.Regexp
	origin   *url.URL
	status   int
	// access lets through what the edge's Access has; nil lets everything through.
	access *accessCheck
}

// parseRules reads ingress rules; the last must match everything. keys fetches the keys of Access teams. Services other than
// `http://host:port` and `http_status:NNN` are refused
// (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/local-management/configuration-file/).
func parseRules(sources []ruleSource, keys *http.Client) ([]rule, error) {
	var rules []rule
	for i, source := range sources {
		last := i == len(sources)-1
		all := (source.Hostname == "" || source.Hostname == "*") && source.Path == ""
		switch {
		case last && !all:
			return nil, errors.New("The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)")
		case !last && all:
			return nil, fmt.Errorf("Rule #%d is matching the hostname '%s', but this will match every hostname, "+
				"meaning the rules which follow it will never be triggered.", i+1, source.Hostname)
		}
		parsed, err := parseRule(source, keys)
		if err != nil {
			return nil, fmt.Errorf("ingress rule #%d: %w", i+1, err)
		}
		rules = append(rules, parsed)
	}
	return rules, nil
}

func parseRule(source ruleSource, keys *http.Client) (parsed rule, err error) {
	parsed.hostname = strings.ToLower(source.Hostname)
	if parsed.hostname == "*" {
		parsed.hostname = ""
	}
	if strings.Contains(strings.TrimPrefix(parsed.hostname, "*."), "*") {
		return parsed, errors.New("Hostname patterns can have at most one wildcard character (\"*\") and it can only be used " +
			"for subdomains, e.g. \"*.example.com\"")
	}
	if strings.Contains(parsed.hostname, ":") {
		return parsed, errors.New("Hostname cannot contain a port")
	}
	if source.Path != "" {
		if parsed.path, err = regexp.Compile(source.Path); err != nil {
			return parsed, fmt.Errorf("path: %w", err)
		}
	}
	if parsed.access, err = parseAccess(source.OriginRequest, keys); err != nil {
		return parsed, err
	}
	if text, ok := strings.CutPrefix(source.Service, "http_status:"); ok {
		parsed.status, err = strconv.Atoi(text)
		if err != nil || parsed.status < 100 || parsed.status > 999 {
			return parsed, fmt.Errorf("service %q: the status must be a number from 100 to 999", source.Service)
		}
		return parsed, nil
	}
	parsed.origin, err = url.Parse(source.Service)
	if err != nil {
		return parsed, fmt.Errorf("service %q is not a URL", source.Service)
	}
	switch {
	case parsed.origin.Scheme != "http" || parsed.origin.Host == "":
		return parsed, fmt.Errorf("service %q: the lab's cloudflared only has http://HOST:PORT and http_status:NNN", source.Service)
	case parsed.origin.Path != "":
		return parsed, fmt.Errorf("%s is an invalid address, ingress rules don't support proxying to a different path on the origin service. "+
			"The path will be the same as the eyeball request's path", source.Service)
	}
	return parsed, nil
}

// match returns the first rule for a request, or nil without rules.
func match(rules []rule, host, path string) *rule {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	for i := range rules {
		if rules[i].matches(host, path) {
			return &rules[i]
		}
	}
	return nil
}

func (r rule) matches(host, path string) bool {
	if suffix, wildcard := strings.CutPrefix(r.hostname, "*"); wildcard {
		if !strings.HasSuffix(host, suffix) {
			return false
		}
	} else if r.hostname != "" && r.hostname != host {
		return false
	}
	return r.path == nil || r.path.MatchString(path)
}
