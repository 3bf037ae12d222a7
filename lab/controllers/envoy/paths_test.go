package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestPathsAreWhatTheListenerMakesOfThem(t *testing.T) {
	keep, reject := hcmv3.HttpConnectionManager_KEEP_UNCHANGED, hcmv3.HttpConnectionManager_REJECT_REQUEST
	forward, redirect := hcmv3.HttpConnectionManager_UNESCAPE_AND_FORWARD, hcmv3.HttpConnectionManager_UNESCAPE_AND_REDIRECT
	for _, one := range []struct {
		action hcmv3.HttpConnectionManager_PathWithEscapedSlashesAction
		asked  string
		status int
		path   string
	}{
		{keep, "/a%2fb%5Cc/%2E%2e/d//e?f=%2F", 200, "/d/e?f=%2F"},
		{keep, "/r/https%3A%2F%2Fgithub.com%2Fx", 200, "/r/https%3A%2F%2Fgithub.com%2Fx"},
		{reject, "/a%2Fb", 400, ""},
		{reject, "/a%20b?c=%2F", 200, "/a%20b?c=%2F"},
		{forward, "/r/https%3A%2F%2Fgithub.com", 200, "/r/https%3A/github.com"},
		{redirect, "/r/https%3A%2F%2Fgithub.com%5cx?y=%2F", 307, "/r/https%3A/github.com/x?y=%2F"},
		{redirect, "/a%20b", 200, "/a%20b"},
		{hcmv3.HttpConnectionManager_IMPLEMENTATION_SPECIFIC_DEFAULT, "/a%2Fb", 200, "/a%2Fb"},
	} {
		manager := &hcmv3.HttpConnectionManager{
			PathWithEscapedSlashesAction: one.action, MergeSlashes: true, NormalizePath: wrapperspb.Bool(true),
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, one.asked, nil)
		answered := settlePath(manager, w, r)
		path := r.URL.RequestURI()
		if answered {
			path = w.Header().Get("Location")
		}
		if w.Code != one.status || path != one.path {
			t.Errorf("%s of %s: %d %s, wanted %d %s", one.action, one.asked, w.Code, path, one.status, one.path)
		}
	}
}

func TestAnEscapedSlashReachesTheBackendAndPartsNoPathWhereItIsKept(t *testing.T) {
	p := newProxy()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RequestURI)
	}))
	defer server.Close()
	backend(t, p, "photos", strings.TrimPrefix(server.URL, "http://"))
	url, err := serveHTTP(t, p)
	must(t, err)
	must(t, say(t, p, routeType, "routes", &routev3.RouteConfiguration{
		Name: "routes",
		VirtualHosts: []*routev3.VirtualHost{{Name: "all", Domains: []string{"*"}, Routes: []*routev3.Route{{
			Match: prefixed("/api"),
			Action: &routev3.Route_Route{Route: &routev3.RouteAction{
				ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: "photos"}, PrefixRewrite: "/v1",
			}},
		}}}},
	}))
	if _, body := ask(t, url+"/api/a%2Fb", "home.arpa"); body != "/v1/a%2Fb" {
		t.Errorf("the backend saw %q", body)
	}
	if answer, _ := ask(t, url+"/api%2Fa", "home.arpa"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("/api%%2Fa is not below /api, and got %d", answer.StatusCode)
	}
}
