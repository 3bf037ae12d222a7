package cloudflare

import (
	"strings"
	"testing"

	"homelab/lab/plugins/rest/resttest"
)

const records = "/client/v4/zones/z1/dns_records"

func record(more map[string]any) map[string]any {
	inputs := map[string]any{"zoneId": "z1", "name": "app.example.net", "type": "A",
		"content": "192.0.2.1", "ttl": 300.0}
	for name, value := range more {
		if value == nil {
			delete(inputs, name)
		} else {
			inputs[name] = value
		}
	}
	return inputs
}

func told(more string) string {
	return `{"result":{"id":"r1","name":"app.example.net","type":"A","content":"192.0.2.1","ttl":300,
		"proxied":false` + more + `}}`
}

func TestARecordIsPutWholeWithWhatTheServerChose(t *testing.T) {
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + records:        resttest.Bodies(told(`,"settings":{},"tags":[]`)),
		"GET " + records + "/r1": resttest.Bodies(told(`,"settings":{"ipv4_only":false},"tags":[],"comment":"c"`)),
		"PUT " + records + "/r1": resttest.Bodies(told("")),
	})
	one := life(t, plugin, "dnsRecord:DnsRecord")
	must(t, one.Create(record(map[string]any{"comment": "c"})))
	body(t, api, "POST "+records,
		`{"comment":"c","content":"192.0.2.1","name":"app.example.net","proxied":false,"ttl":300,"type":"A"}`)
	refresh(t, one)
	differ(t, one, record(map[string]any{"comment": "c"}), "")
	must(t, one.Update(record(map[string]any{"content": "192.0.2.2"})))
	body(t, api, "PUT "+records+"/r1", `{"comment":null,"content":"192.0.2.2","name":"app.example.net",`+
		`"proxied":false,"settings":{"ipv4_only":false},"tags":[],"ttl":300,"type":"A"}`)
	differ(t, one, record(map[string]any{"content": "192.0.2.2", "type": "AAAA", "zoneId": "z2"}), "type! zoneId!")
}

func TestWhatTheServerMakesOfARecordMayDiffer(t *testing.T) {
	for answer, want := range map[string]string{
		`,"comment":""`: "comment", `,"priority":0`: "priority", `,"data":{}`: "data",
		`,"private_routing":false`: "privateRouting", `,"settings":{"flatten_cname":true}`: "",
		`,"tags":["a"]`: "", `,"comment":null`: "", `,"ttl":"300"`: "",
	} {
		plugin, _ := serve(t, map[string][]resttest.Answer{
			"POST " + records: resttest.Bodies(told("")), "GET " + records + "/r1": resttest.Bodies(told(answer))})
		one := life(t, plugin, "dnsRecord:DnsRecord")
		must(t, one.Create(record(nil)))
		refresh(t, one)
		if got := strings.Join(one.Diff(record(nil)), " "); got != want {
			t.Errorf("%s: differs at %q, want %q", answer, got, want)
		}
	}
}

func TestARelativeNameComesBackQualified(t *testing.T) {
	for name, answered := range map[string]string{"app": "app.example.net", "@": "example.net"} {
		full := strings.Replace(told(""), "app.example.net", answered, 1)
		plugin, _ := serve(t, map[string][]resttest.Answer{
			"POST " + records: resttest.Bodies(full), "GET " + records + "/r1": resttest.Bodies(full)})
		one := life(t, plugin, "dnsRecord:DnsRecord")
		must(t, one.Create(record(map[string]any{"name": name})))
		for range 2 {
			refresh(t, one)
			differ(t, one, record(map[string]any{"name": name}), "")
			differ(t, one, record(map[string]any{"name": "other"}), "name")
		}
	}
}

func TestAProxiedRecordNeedsTheAutomaticTtlWhenItIsMade(t *testing.T) {
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + records: resttest.Bodies(told("")), "PUT " + records + "/r1": resttest.Bodies(told(""))})
	one := life(t, plugin, "dnsRecord:DnsRecord")
	err := one.Create(record(map[string]any{"proxied": true}))
	if err == nil || !strings.Contains(err.Error(), "ttl must be set to 1 when proxied is true") ||
		len(api.Asked()) != 0 {
		t.Errorf("got %v after %d requests", err, len(api.Asked()))
	}
	must(t, one.Create(record(map[string]any{"proxied": true, "ttl": 1.0})))
	must(t, one.Update(record(map[string]any{"proxied": true})))
}
