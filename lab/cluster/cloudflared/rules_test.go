package cloudflared

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/program"
)

func TestTheFirstMatchingRuleCounts(t *testing.T) {
	rules, err := parseRules([]ruleSource{
		{Hostname: "app.example.net", Path: `^/api/v\d+`, Service: "http_status:201"},
		{Hostname: "App.example.net", Service: "http_status:202"},
		{Hostname: "*.example.net", Service: "http_status:203"},
		{Path: "/health$", Service: "http_status:204"},
		{Service: "http_status:404"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[[2]string]int{
		{"app.example.net", "/api/v1/x"}: 201, {"APP.example.net:443", "/api"}: 202, {"a.b.example.net", "/"}: 203,
		{"example.net", "/"}: 404, {"example.net", "/x/health"}: 204, {"notexample.net", "/"}: 404,
	} {
		if got := match(rules, request[0], request[1]); got == nil || got.status != want {
			t.Errorf("%v: got %+v, want %d", request, got, want)
		}
	}
}

func TestRulesThatCannotWorkAreRefused(t *testing.T) {
	end := ruleSource{Service: "http_status:404"}
	for _, sources := range [][]ruleSource{
		{{Hostname: "a.example.net", Service: "http://a:80"}},
		{end, end},
		{{Hostname: "a.*.net", Service: "http://a:80"}, end},
		{{Hostname: "a.example.net:80", Service: "http://a:80"}, end},
		{{Path: "(", Service: "http://a:80"}, end},
		{{Service: "tcp://a:80"}},
		{{Service: "https://a:443"}},
		{{Service: "http://a:80/path"}},
		{{Service: "http_status:99"}},
		{{Service: "hello_world"}},
	} {
		if rules, err := parseRules(sources, nil); err == nil {
			t.Errorf("%+v gave %+v", sources, rules)
		}
	}
}

func TestOptionsComeFromArgumentsAndEnvironment(t *testing.T) {
	o, err := parseOptions([]string{"--no-autoupdate", "tunnel", "--metrics", "0.0.0.0:2000", "--protocol=http2", "--loglevel", "info", "run"},
		map[string]string{"TUNNEL_TOKEN": "x"})
	if err != nil || o.metricsPort != 2000 || o.token != "x" {
		t.Fatalf("got %+v, %v", o, err)
	}
	for _, arguments := range []string{"tunnel", "tunnel run home", "tunnel --url http://a run", "tunnel --protocol quic run",
		"tunnel --metrics localhost:2000 run", "tunnel run --token", "version"} {
		if o, err := parseOptions(strings.Fields(arguments), nil); err == nil {
			t.Errorf("%s gave %+v", arguments, o)
		}
	}
	if _, err := parseOptions([]string{"tunnel", "run"}, map[string]string{"TUNNEL_ORIGIN_CERT": "x"}); err == nil {
		t.Error("an unknown variable was taken")
	}
}

func TestTheTokenMayComeFromAMountedSecret(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte(`{"a":"a1","t":"t1","s":"c2VjcmV0"}`))
	c := program.Container{
		Spec: &corev1.Container{VolumeMounts: []corev1.VolumeMount{{Name: "token", MountPath: "/etc/cloudflared"}}},
		SecretVolume: func(context.Context, string) (map[string]string, error) {
			return map[string]string{"token": text + "\n"}, nil
		},
	}
	if got, err := (options{tokenFile: "/etc/cloudflared/token"}).readToken(t.Context(), c); err != nil || got != (token{"a1", "t1", "c2VjcmV0"}) {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, wrong := range []options{{}, {tokenFile: "/etc/other"}, {token: "c2VjcmV0"}} {
		if _, err := wrong.readToken(t.Context(), c); err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
