package tailscale

import (
	"slices"
	"testing"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest/resttest"
)

func TestSplitDNSIsOneDomain(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{
		"PATCH " + split: resttest.Bodies(`{}`),
		"GET " + split:   resttest.Bodies(`{"home.arpa":["10.0.0.2","10.0.0.1"],"other":["1.1.1.1"]}`, `{}`),
	})
	domain := life(t, plugin, splitType)
	inputs := homeArpa("10.0.0.1", "10.0.0.2")
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
