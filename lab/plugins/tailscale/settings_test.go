package tailscale

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest/resttest"
)

func TestOrderCountsForNameserversAndTheAnswerMayHoldListsAlone(t *testing.T) {
	plugin, _ := tailnet(t, map[string][]resttest.Answer{
		"POST " + nameservers: resttest.Bodies(`{}`),
		"GET " + nameservers: resttest.Bodies(`{"dns":["9.9.9.9","1.1.1.1"]}`,
			`{"dns":["1.1.1.1"],"magicDNS":true}`),
	})
	servers := life(t, plugin, nameserversType)
	inputs := map[string]any{"nameservers": []any{"1.1.1.1", "9.9.9.9"}}
	must(t, servers.Create(inputs))
	if _, err := servers.Refresh(); err != nil {
		t.Fatal(err)
	}
	if got := servers.Diff(inputs); len(got) != 2 {
		t.Errorf("differs at %v", got)
	}
	_, err := servers.Refresh()
	if err == nil ||
		!strings.Contains(err.Error(), "json: cannot unmarshal bool into Go value of type []string") {
		t.Errorf("got %v", err)
	}
}

func TestSplitDNSIsOneDomain(t *testing.T) {
	const split = "/api/v2/tailnet/-/dns/split-dns"
	plugin, api := tailnet(t, map[string][]resttest.Answer{
		"PATCH " + split: resttest.Bodies(`{}`),
		"GET " + split:   resttest.Bodies(`{"home.arpa":["10.0.0.2","10.0.0.1"],"other":["1.1.1.1"]}`, `{}`),
	})
	domain := life(t, plugin, "dnsSplitNameservers:DnsSplitNameservers")
	inputs := map[string]any{"domain": "home.arpa", "nameservers": []any{"10.0.0.1", "10.0.0.2"}}
	must(t, domain.Create(inputs))
	if body := api.Last(t, "PATCH "+split).Body; domain.ID != "home.arpa" ||
		body != `{"home.arpa":["10.0.0.1","10.0.0.2"]}` {
		t.Errorf("%s made with %s", domain.ID, body)
	}
	for _, wanted := range []int{0, 2} {
		if _, err := domain.Refresh(); err != nil {
			t.Fatal(err)
		}
		if got := domain.Diff(inputs); len(got) != wanted {
			t.Errorf("differs at %v, want %d", got, wanted)
		}
	}
	inputs["domain"] = "cabin.arpa"
	if got := domain.Diff(inputs); !slices.Contains(got, "domain!") {
		t.Errorf("another domain differs at %v", got)
	}
	must(t, domain.Delete())
	if body := api.Last(t, "PATCH "+split).Body; body != `{"home.arpa":[]}` {
		t.Errorf("removed with %s", body)
	}
}

func TestSettingsSendOnlyWhatIsGivenAndWhatChanges(t *testing.T) {
	const path = "/api/v2/tailnet/-/settings"
	plugin, api := tailnet(t, map[string][]resttest.Answer{
		"PATCH " + path: resttest.Bodies(`{}`),
		"GET " + path: resttest.Bodies(`{"devicesApprovalOn":true,"devicesKeyDurationDays":180,
			"usersRoleAllowedToJoinExternalTailnets":"admin"}`),
	})
	all := life(t, plugin, "tailnetSettings:TailnetSettings")
	must(t, all.Create(map[string]any{"devicesApprovalOn": true, "devicesKeyDurationDays": 180.0}))
	const nulls = `{"aclsExternalLink":null,"aclsExternallyManagedOn":null,`
	if body := api.Last(t, "PATCH "+path).Body; body !=
		nulls+`"devicesApprovalOn":true,"devicesKeyDurationDays":180}` {
		t.Errorf("created with %s", body)
	}
	if provider.Text(all.State, "usersRoleAllowedToJoinExternalTailnet") != "admin" {
		t.Errorf("read %v", all.State)
	}
	same := map[string]any{"devicesApprovalOn": true}
	if got := all.Diff(same); len(got) != 0 {
		t.Errorf("settings that the program does not name differ at %v", got)
	}
	must(t, all.Update(map[string]any{"devicesApprovalOn": true, "devicesKeyDurationDays": 90.0}))
	if body := api.Last(t, "PATCH "+path).Body; body != nulls+`"devicesKeyDurationDays":90}` {
		t.Errorf("updated with %s", body)
	}
	must(t, all.Delete())
}

func TestADeviceThatIsGoneTakesItsSettingsAlong(t *testing.T) {
	const gone = `{"message":"no such device"}`
	for name, one := range map[string]struct {
		inputs map[string]any
		path   string
		get    string
		body   string
	}{
		"deviceTags:DeviceTags": {map[string]any{"tags": []any{"tag:a"}}, "tags", "", `{"tags":["tag:a"]}`},
		"deviceSubnetRoutes:DeviceSubnetRoutes": {
			map[string]any{"routes": []any{"10.0.0.0/8"}}, "routes", "/routes", `{"routes":["10.0.0.0/8"]}`},
		"deviceKey:DeviceKey": {map[string]any{"keyExpiryDisabled": true}, "key", "", `{"keyExpiryDisabled":true}`},
		"deviceAuthorization:DeviceAuthorization": {
			map[string]any{"authorized": true}, "authorized", "", `{"authorized":true}`},
	} {
		plugin, api := tailnet(t, map[string][]resttest.Answer{
			"POST /api/v2/device/n1/" + one.path: resttest.Bodies(`{}`),
			"GET /api/v2/device/n1" + one.get:    {{Status: 404, Body: gone}},
			"POST /api/v2/device/n2/" + one.path: {{Status: 404, Body: gone}},
		})
		setting := life(t, plugin, name)
		one.inputs["deviceId"] = "n1"
		must(t, setting.Create(one.inputs))
		if body := api.Last(t, "POST /api/v2/device/n1/"+one.path).Body; body != one.body {
			t.Errorf("%s: made with %s", name, body)
		}
		if found, err := setting.Refresh(); found || err != nil {
			t.Errorf("%s: %v, %v", name, found, err)
		}
		one.inputs["deviceId"] = "n2"
		if err := setting.Create(one.inputs); err == nil ||
			!strings.HasSuffix(err.Error(), "for device with ID n2: no such device (404)") {
			t.Errorf("%s: creating it for no device: %v", name, err)
		}
	}
}

func TestADeviceIsWaitedFor(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{
		"GET /api/v2/tailnet/-/devices?hostname=h1": resttest.Bodies(`{"devices":[]}`,
			`{"devices":[{"id":"1","nodeId":"n1","hostname":"h1","addresses":["100.64.0.1"],"tags":["tag:a"]}]}`),
		"GET /api/v2/tailnet/-/devices?hostname=h2": resttest.Bodies(`{"devices":[]}`),
	})
	get := plugin.Functions["tailscale:index/getDevice:getDevice"]
	text := resource.NewProperty[string]
	found, err := get(t.Context(), provider.Map{"hostname": text("h1"), "waitFor": text("10s")})
	if err != nil || provider.Text(found, "nodeId") != "n1" {
		t.Errorf("got %v, %v", found, err)
	}
	_, err = get(t.Context(), provider.Map{"hostname": text("h2")})
	if err == nil || err.Error() != `Failed to fetch devices: could not find device with hostname="h2"` {
		t.Errorf("got %v", err)
	}
	_, err = get(t.Context(), provider.Map{"hostname": text("h2"), "waitFor": text("100ms")})
	if err == nil || !strings.Contains(err.Error(), "failed after maximum of retries within 100ms: ") {
		t.Errorf("got %v", err)
	}
	if got := len(api.Asked()); got != 5 {
		t.Errorf("asked %d times", got)
	}
}
