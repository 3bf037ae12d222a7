package proxmoxve

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

func TestAChangeThatFailsIsInTheStateAsIfItHadBeenMade(t *testing.T) {
	a, _ := host(t, map[string][]string{
		"GET nodes/stone/qemu/121/config": {`{"name":"stone"}`},
		"PUT nodes/stone/qemu/121/config": {"500 VM is locked (backup)"},
	})
	p := &plugin{}
	if err := p.configured.Set(a, nil); err != nil {
		t.Fatal(err)
	}
	old := block{"name": "stone", "nodeName": "stone", "vmId": 121.0, "description": "a machine", "bootOrders": []any{"scsi0"},
		"usbs": []any{map[string]any{"mapping": "dongle"}}}
	news := block{"name": "stone", "nodeName": "stone", "vmId": 121.0, "description": "another"}
	_, err := (&vmResource{p}).Update(t.Context(), provider.Change{
		State: resource.NewPropertyMapFromMap(old), News: resource.NewPropertyMapFromMap(news),
	})
	var left *provider.Partial
	if !errors.As(err, &left) || left.ID != "121" {
		t.Fatalf("got %v", err)
	}
	state := block(left.State.Mappable())
	if state.text("description", "") != "another" || !state.has("bootOrders") {
		t.Errorf("state: %v", state)
	}
	if state.has("usbs") {
		t.Errorf("the state has what the program no longer names: %v", state)
	}
}

func TestAPoolsChangeThatFailsIsInItsStateToo(t *testing.T) {
	a, _ := host(t, map[string][]string{"PUT pools": {"500 no quorum"}})
	p := &plugin{}
	if err := p.configured.Set(a, nil); err != nil {
		t.Fatal(err)
	}
	old := block{"poolId": "home", "comment": "one", "members": []any{}}
	_, err := poolLegacy(p).Update(t.Context(), provider.Change{
		Call: provider.Call{ID: "home"}, State: resource.NewPropertyMapFromMap(old),
		News: resource.NewPropertyMapFromMap(block{"poolId": "home", "comment": "another"}),
	})
	var left *provider.Partial
	if !errors.As(err, &left) || left.ID != "home" || provider.Text(left.State, "comment") != "another" {
		t.Fatalf("got %v", err)
	}
}
