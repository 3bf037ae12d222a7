package proxmoxve

import (
	"slices"
	"strings"
	"testing"
)

// switched are the power calls of an update that raises memory on a VM that runs, whose config is as given.
func switched(t *testing.T, agent string, more block) []string {
	t.Helper()
	stopped := `{"status":"stopped","vmid":121}`
	running := `{"status":"running","vmid":121}`
	a, asked := host(t, map[string][]string{
		"GET nodes/stone/qemu/121/config":           {`{"agent":"` + agent + `"}`},
		"GET nodes/stone/qemu/121/status/current":   {running, stopped, stopped, running},
		"POST nodes/stone/qemu/121/status/stop":     {upid},
		"POST nodes/stone/qemu/121/status/shutdown": {upid},
		"POST nodes/stone/qemu/121/status/start":    {upid},
		taskStatus:                                  {`{"status":"stopped","exitstatus":"OK"}`},
	})
	old := block{"memory": map[string]any{"dedicated": 8192.0}, "agent": map[string]any{"enabled": true}}
	vm := block{"memory": map[string]any{"dedicated": 9216.0}, "agent": map[string]any{"enabled": true}}
	for name, value := range more {
		vm[name] = value
	}
	if err := (vmCalls{api: a, node: "stone", id: 121}).power(t.Context(), old, vm); err != nil {
		t.Fatal(err)
	}
	var posts []string
	for _, one := range *asked {
		if path, ok := strings.CutPrefix(one, "POST nodes/stone/qemu/121/status/"); ok {
			posts = append(posts, path)
		}
	}
	return posts
}

func TestAGuestShutsDownWhereItsConfigHasAnAgentAndElseItsPowerIsCut(t *testing.T) {
	if got := switched(t, "enabled=1", nil); !slices.Equal(got, []string{"shutdown", "start"}) {
		t.Errorf("with an agent: %v", got)
	}
	if got := switched(t, "enabled=0", nil); !slices.Equal(got, []string{"stop", "start"}) {
		t.Errorf("without: %v", got)
	}
}

func TestAVMThatRunsIsNotSwitchedWithoutRebootAfterUpdate(t *testing.T) {
	if got := switched(t, "enabled=1", block{"rebootAfterUpdate": false}); len(got) > 0 {
		t.Errorf("switched: %v", got)
	}
}

func TestADiskDoesNotGrowBesideWhatCountsFromAStart(t *testing.T) {
	a, _ := host(t, map[string][]string{
		"GET nodes/stone/qemu/121/config":         {`{"agent":"enabled=1"}`},
		"GET nodes/stone/qemu/121/status/current": {`{"status":"running","vmid":121}`},
	})
	old := block{"memory": map[string]any{"dedicated": 8192.0}}
	vm := block{"memory": map[string]any{"dedicated": 9216.0}, "rebootAfterUpdate": false}
	plan := diskPlan{write: map[string]string{"scsi0": "x"}, grow: []block{{"interface": "scsi0", "size": 80.0}}}
	err := (vmCalls{api: a, node: "stone", id: 121}).moveAndGrow(t.Context(), plan, old, vm)
	if err == nil || !strings.HasPrefix(err.Error(), "cannot resize disks while the VM is running") {
		t.Errorf("got %v", err)
	}
}
