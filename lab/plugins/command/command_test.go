package command

import (
	"net"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

func inputs(connection map[string]any, more map[string]any) provider.Map {
	all := map[string]any{"connection": connection}
	for name, value := range more {
		all[name] = value
	}
	return resource.NewPropertyMapFromMap(all)
}

func TestAnUnknownConnectionFieldPrintsTheWholeConnection(t *testing.T) {
	_, refused, err := (&remoteCommand{}).Check(t.Context(), provider.Check{
		News: inputs(map[string]any{"host": "h", "privateKey": "KEY", "hostkey": "typo"}, nil),
	})
	if err != nil || len(refused) != 1 {
		t.Fatal(refused, err)
	}
	if reason := refused[0].Reason; !strings.Contains(reason, "hostkey") || !strings.Contains(reason, "KEY") {
		t.Errorf("got %q", reason)
	}
}

func TestDefaultsAreFilledInAndTheConnectionIsSecret(t *testing.T) {
	checked, refused, err := (&remoteCommand{}).Check(t.Context(), provider.Check{
		News: inputs(map[string]any{"host": "h"}, map[string]any{"create": "true"}),
	})
	if err != nil || len(refused) > 0 || !checked["connection"].IsSecret() {
		t.Fatal(checked, refused, err)
	}
	filled := checked["connection"].SecretValue().Element.ObjectValue().Mappable()
	for name, wanted := range map[string]any{
		"user": "root", "port": 22.0, "dialErrorLimit": 10.0, "perDialTimeout": 15.0,
	} {
		if filled[name] != wanted {
			t.Errorf("%s: got %v", name, filled[name])
		}
	}
}

func TestOnlyTriggersReplace(t *testing.T) {
	old := inputs(map[string]any{"host": "h"}, map[string]any{"create": "a", "triggers": []any{"1"}})
	for change, replaces := range map[string]bool{"create": false, "triggers": true} {
		news := provider.Copy(old)
		if change == "create" {
			news["create"] = resource.NewProperty("b")
		} else {
			news["triggers"] = resource.NewPropertyValue([]any{"2"})
		}
		diff, err := (&remoteCommand{}).Diff(t.Context(), provider.Change{OldInputs: old, News: news})
		if err != nil || len(diff.Properties) != 1 {
			t.Fatal(diff, err)
		}
		for path, difference := range diff.Properties {
			if difference.Replace != replaces {
				t.Errorf("%s: %+v", path, difference)
			}
		}
	}
}

func TestDiallingGivesUpAtTheLimit(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	target := connection{
		Host: "127.0.0.1", Port: float64(port), User: "root", DialErrorLimit: 2, PerDialTimeout: 1,
	}
	_, err = target.dial(t.Context(), provider.Call{})
	if err == nil || !strings.HasPrefix(err.Error(), "after 2 failed attempts: dial tcp 127.0.0.1:") ||
		!strings.HasSuffix(err.Error(), "connect: connection refused") {
		t.Errorf("got %v", err)
	}
}
