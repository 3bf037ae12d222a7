package tailscale

import (
	"slices"
	"strings"
	"testing"

	"homelab/lab/plugins/rest/resttest"
)

const (
	aclType = "acl:Acl"
	aclPath = "/api/v2/tailnet/-/acl"
	policy  = "{\n\t// mine\n\t\"acls\": [],\n}\n"
)

func TestThePolicyIsPostedAsItIsWritten(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{"POST " + aclPath: resttest.Bodies(policy)})
	policies := life(t, plugin, aclType)
	must(t, policies.Create(map[string]any{"acl": policy, "resetAclOnDestroy": true}))
	made := api.Last(t, "POST "+aclPath)
	if made.Body != policy || made.Header.Get("If-Match") != `"ts-default"` ||
		made.Header.Get("Content-Type") != hujsonType || made.Header.Get("Accept") != "" {
		t.Errorf("created by %+v", made)
	}
	changed := strings.ReplaceAll(policy, "mine", "ours")
	must(t, policies.Update(map[string]any{"acl": changed, "resetAclOnDestroy": true}))
	update := api.Last(t, "POST "+aclPath)
	if _, matched := update.Header["If-Match"]; matched || update.Body != changed {
		t.Errorf("updated by %+v", update)
	}
	must(t, policies.Delete())
	reset := api.Last(t, "POST "+aclPath)
	if _, matched := reset.Header["If-Match"]; matched || reset.Body != "" {
		t.Errorf("reset by %+v", reset)
	}
}

func TestOverwritingNeedsNoMatchAndAnEditedPolicyIsProtected(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{"POST " + aclPath: {
		{Status: 412, Body: `{"message":"precondition failed, invalid old hash"}`}, {Body: policy}}})
	policies := life(t, plugin, aclType)
	err := policies.Create(map[string]any{"acl": policy})
	want := "Overwrite Protected: You are trying to overwrite a non-default policy. Please import the ACL " +
		"first or set overwrite_existing_content = true."
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	must(t, policies.Create(map[string]any{"acl": policy, "overwriteExistingContent": true}))
	if _, matched := api.Last(t, "POST "+aclPath).Header["If-Match"]; matched {
		t.Error("overwriting asks for a match")
	}
	before := len(api.Asked())
	must(t, policies.Delete())
	if len(api.Asked()) != before {
		t.Error("deleting without resetAclOnDestroy makes a call")
	}
}

func TestWhiteSpaceIsNoChangeUnlessTheServerMadeIt(t *testing.T) {
	plugin, _ := tailnet(t, map[string][]resttest.Answer{
		"POST " + aclPath: resttest.Bodies(policy),
		"GET " + aclPath:  resttest.Bodies(policy, `{"acls": []}`),
	})
	policies := life(t, plugin, aclType)
	must(t, policies.Create(map[string]any{"acl": policy}))
	differ := func(text string, want ...string) {
		t.Helper()
		if got := policies.Diff(map[string]any{"acl": text}); !slices.Equal(got, want) {
			t.Errorf("%q: differs at %v, want %v", text, got, want)
		}
	}
	differ(strings.ReplaceAll(policy, "\t", "        "))
	differ(strings.ReplaceAll(policy, "mine", "ours"), "acl")
	differ("<unknown>", "acl")
	if _, err := policies.Refresh(); err != nil {
		t.Fatal(err)
	}
	differ(policy)
	if _, err := policies.Refresh(); err != nil {
		t.Fatal(err)
	}
	differ(policy, "acl")
}

func TestOnlyTheSyntaxOfAPolicyIsChecked(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{})
	policies := life(t, plugin, aclType)
	refused := policies.Check(map[string]any{"acl": `{"a" 1}`})
	if len(refused) != 1 ||
		!strings.HasPrefix(refused[0].Reason, "Attribute acl is invalid HuJSON, got: hujson: line 1, column 6: ") {
		t.Errorf("got %v", refused)
	}
	for _, text := range []string{`{"nonsense": ["tag:x"]}`, "<unknown>"} {
		if refused := policies.Check(map[string]any{"acl": text}); len(refused) > 0 {
			t.Errorf("%s: %v", text, refused)
		}
	}
	if len(api.Asked()) > 0 {
		t.Errorf("asked %v", api.Asked())
	}
}
