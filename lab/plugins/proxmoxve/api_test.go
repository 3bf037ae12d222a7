package proxmoxve

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

const testToken = "homelab@pve!pulumi=0f0e0d0c-1111-2222-3333-444455556666"

// host answers requests as the table says: "METHOD path" to status and body, in turn; the last stays.
func host(t *testing.T, answers map[string][]string) (*api, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api2/json/")
		asked = append(asked, key)
		if r.Header.Get("Authorization") != "PVEAPIToken="+testToken {
			t.Errorf("%s: authorization %q", key, r.Header.Get("Authorization"))
		}
		left := answers[key]
		if len(left) == 0 {
			t.Errorf("unexpected %s", key)
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		if len(left) > 1 {
			answers[key] = left[1:]
		}
		if reason, failed := strings.CutPrefix(left[0], "500 "); failed {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"message":"` + reason + `"}`))
			return
		}
		_, _ = w.Write([]byte(`{"data":` + left[0] + `}`))
	}))
	t.Cleanup(server.Close)
	return &api{base: server.URL, token: testToken, http: server.Client()}, &asked
}

const upid = `"UPID:stone:0000:0000:0000:qmcreate:121:homelab@pve!pulumi:"`
const taskStatus = "GET nodes/stone/tasks/UPID:stone:0000:0000:0000:qmcreate:121:homelab@pve!pulumi:/status"

func TestATakenIdIsAdopted(t *testing.T) {
	a, asked := host(t, map[string][]string{"POST nodes/stone/qemu": {"500 VM 121 already exists"}})
	calls := vmCalls{api: a, node: "stone", id: 121}
	if err := calls.create(t.Context(), block{"name": "x", "disks": []any{}}); err != nil {
		t.Error(err)
	}
	if len(*asked) != 2 {
		t.Errorf("asked %v", *asked)
	}
}

func TestAFailedTaskTellsItsLog(t *testing.T) {
	a, _ := host(t, map[string][]string{
		"POST nodes/stone/qemu": {upid},
		taskStatus:              {`{"status":"stopped","exitstatus":"no space left"}`},
		strings.Replace(taskStatus, "/status", "/log", 1): {`[{"n":1,"t":"disk full"}]`},
	})
	calls := vmCalls{api: a, node: "stone", id: 121}
	err := calls.create(t.Context(), block{"name": "x", "disks": []any{}})
	if err == nil || !strings.Contains(err.Error(), "exit code: no space left\ntask log:\n  disk full") {
		t.Errorf("got %v", err)
	}
}

func TestAMachineThatIsNotListedIsGone(t *testing.T) {
	a, _ := host(t, map[string][]string{"GET cluster/resources": {`[{"type":"qemu","vmid":7,"node":"a"}]`}})
	if _, found, err := readVM(t.Context(), a, 121, block{}); found || err != nil {
		t.Error(found, err)
	}
	b, _ := host(t, map[string][]string{
		"GET cluster/resources":           {`[{"vmid":121,"node":"stone"}]`},
		"GET nodes/stone/qemu/121/config": {"500 got timeout"},
	})
	if _, _, err := readVM(t.Context(), b, 121, block{}); statusOf(err) != 500 || errors.Is(err, errGone) {
		t.Errorf("an error of the host must not drop the VM: %v", err)
	}
}

func TestABadConfigurationFailsAtTheFirstResourceWithoutARequest(t *testing.T) {
	for argument, value := range map[resource.PropertyKey]string{
		"endpoint": "http://192.168.1.11:8006", "apiToken": "homelab@pve!pulumi=with_underscore", "minTls": "2",
	} {
		p := &plugin{}
		config := provider.Map{
			"endpoint": resource.NewProperty("https://192.168.1.11:8006/api2/json"),
			"apiToken": resource.NewProperty(testToken),
		}
		config[argument] = resource.NewProperty(value)
		if err := p.configure(t.Context(), config); err != nil {
			t.Errorf("%s: configure: %v", argument, err)
		}
		if _, err := p.client(); err == nil {
			t.Errorf("%s=%s was accepted", argument, value)
		}
	}
}
