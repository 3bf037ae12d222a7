package netpolicy

import (
	"encoding/json"
	"strings"
	"testing"
)

func parse(t *testing.T, spec string) error {
	t.Helper()
	object := map[string]any{}
	text := `{"metadata": {"name": "one"}, "spec": ` + spec + `}`
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	_, err := Read(object)
	return err
}

func TestAPolicyOfKnownShapesIsValid(t *testing.T) {
	if err := parse(t, `{"endpointSelector": {"matchLabels": {"app": "one"}}, "ingress": [{}], "egress": [
		{"toEndpoints": [{"matchExpressions": [{"key": "k8s:app", "operator": "Exists"}, {"key": "k8s:app", "operator": "NotIn", "values": ["two"]}]}]},
		{"toFQDNs": [{"matchName": "api.example.com"}], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]},
		{"toCIDRSet": [{"cidr": "192.168.1.0/24", "except": ["192.168.1.0/28"]}]}]}`); err != nil {
		t.Error(err)
	}
}

func TestWhatCiliumRefusesOrTheLabDoesNotKnowIsNamed(t *testing.T) {
	for spec, says := range map[string]string{
		`{"ingress": [{}]}`: "EndpointSelector",
		`{"endpointSelector": {}, "egress": [{"toFQDNs": [{"matchName": "a.b"}], "toEntities": ["world"]}]}`:                       "combining kinds of peers",
		`{"endpointSelector": {}, "egress": [{"toEntities": ["moon"]}]}`:                                                           "unsupported entity: moon",
		`{"endpointSelector": {}, "ingress": [{"fromCIDRSet": [{"cidr": "10.0.0.0"}]}]}`:                                           "unable to parse CIDRRule",
		`{"endpointSelector": {}, "ingress": [{"toEntities": ["world"]}]}`:                                                         "an ingress rule has no to",
		`{"endpointSelector": {}, "egress": [{"toServices": []}]}`:                                                                 "toServices",
		`{"endpointSelector": {}, "egress": [{"toPorts": [{"ports": [{"port": "dns", "protocol": "UDP"}]}]}]}`:                     `port "dns"`,
		`{"endpointSelector": {"matchLabels": {"reserved:host": ""}}, "ingress": [{}]}`:                                            "reserved:host",
		`{"endpointSelector": {"matchFields": []}, "ingress": [{}]}`:                                                               "matchFields",
		`{"endpointSelector": {}, "egress": [{"toEndpoints": [{"matchExpressions": [{"key": "k8s:app", "operator": "NotIn"}]}]}]}`: "NotIn of k8s:app needs values",
	} {
		if err := parse(t, spec); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, expected %s", spec, err, says)
		}
	}
}
