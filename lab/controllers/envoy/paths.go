package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

var (
	escapedSlashes = strings.NewReplacer("%2F", "/", "%2f", "/", "%5C", `\`, "%5c", `\`)
	escapedDots    = strings.NewReplacer("%2E", ".", "%2e", ".")
	manySlashes    = regexp.MustCompile("//+")
)

// settlePath makes a request's path what filters and routes see of it, and says whether the request has been answered instead.
// The order is that of ConnectionManagerUtility::maybeNormalizePath (envoy, source/common/http/conn_manager_utility.cc), the
// answers those of ConnectionManagerImpl::ActiveStream::decodeHeaders.
func settlePath(manager *hcmv3.HttpConnectionManager, w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		return false
	}
	action := manager.GetPathWithEscapedSlashesAction()
	unescaped := path
	if action > hcmv3.HttpConnectionManager_KEEP_UNCHANGED {
		unescaped = escapedSlashes.Replace(path)
	}
	found := unescaped != path
	if found && action == hcmv3.HttpConnectionManager_REJECT_REQUEST {
		w.WriteHeader(http.StatusBadRequest)
		return true
	}
	if manager.GetNormalizePath().GetValue() {
		unescaped = withoutDots(strings.ReplaceAll(unescaped, `\`, "/"))
	}
	if manager.GetMergeSlashes() {
		unescaped = manySlashes.ReplaceAllString(unescaped, "/")
	}
	setPath(r.URL, unescaped)
	if found && action == hcmv3.HttpConnectionManager_UNESCAPE_AND_REDIRECT {
		w.Header().Set("Location", r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	return false
}

// setPath gives an URL a path as it stands in requests: what is escaped in it stays so.
func setPath(of *url.URL, escaped string) {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		path = escaped
	}
	of.Path, of.RawPath = path, escaped
}

// withoutDots takes the segments `.` and `..` out of a path that begins with a slash (RFC 3986, 5.2.4), escaped ones too.
func withoutDots(path string) string {
	segments := strings.Split(path[1:], "/")
	var kept []string
	for i, segment := range segments {
		switch escapedDots.Replace(segment) {
		case ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
