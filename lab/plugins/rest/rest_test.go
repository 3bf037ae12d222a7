package rest

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

var sample = Schema{
	"site":     {Local: true, Required: true, Replace: true},
	"name":     {Required: true},
	"loud":     {Kind: Flag, Default: false},
	"comment":  {},
	"tags":     {Kind: Texts, Unordered: true},
	"settings": {Kind: Nested, Computed: true, Fields: Schema{"noTlsVerify": {Kind: Flag, Wire: "noTLSVerify"}, "path": {}}},
	"quiet":    {Kind: Flag, Lax: true},
	"secret":   {Output: true, Secret: true, Kept: true},
	"madeAt":   {Output: true, Moves: true},
}

func properties(plain map[string]any) provider.Map { return resource.NewPropertyMapFromMap(plain) }

func differences(t *testing.T, state, news map[string]any) []string {
	t.Helper()
	before, after := properties(state), properties(news)
	paths := []string{}
	for path, difference := range sample.compare(before, after, sample.plan(before, after)) {
		if difference.Replace {
			path += "!"
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func TestAPlanIsComparedWithTheStateByItsFields(t *testing.T) {
	state := map[string]any{"site": "a", "name": "x", "loud": false, "tags": []any{"1", "2"},
		"settings": map[string]any{"noTlsVerify": false}, "madeAt": "then"}
	for name, one := range map[string]struct {
		change map[string]any
		want   []string
	}{
		"nothing but defaults and what the server chose": {map[string]any{}, []string{}},
		"another order of a set":                         {map[string]any{"tags": []any{"2", "1"}}, []string{}},
		"an element more":                                {map[string]any{"tags": []any{"2", "1", "0"}}, []string{"tags[2]"}},
		"an empty text where there was none":             {map[string]any{"comment": ""}, []string{"comment"}},
		"a field of the address":                         {map[string]any{"site": "b"}, []string{"site!"}},
		"a nested field":                                 {map[string]any{"settings": map[string]any{"noTlsVerify": true}}, []string{"settings.noTlsVerify"}},
	} {
		news := map[string]any{"site": "a", "name": "x", "tags": []any{"1", "2"}}
		for key, value := range one.change {
			news[key] = value
		}
		if got := differences(t, state, news); !slices.Equal(got, one.want) {
			t.Errorf("%s: got %v, want %v", name, got, one.want)
		}
	}
}

func TestAnUnknownInputStaysUnknownInAPreview(t *testing.T) {
	made := New(Behaviour[any]{Schema: sample})
	inputs := provider.Map{"site": provider.Unknown(), "name": provider.Unknown()}
	if _, refused, err := made.Check(t.Context(), provider.Check{News: inputs}); len(refused) > 0 || err != nil {
		t.Fatal(refused, err)
	}
	shown := made.Preview(inputs)
	for _, name := range []resource.PropertyKey{"site", "name", "madeAt", "settings"} {
		if !shown[name].IsComputed() {
			t.Errorf("%s: %v", name, shown[name])
		}
	}
	if secret := shown["secret"]; !secret.IsSecret() || !secret.SecretValue().Element.IsComputed() {
		t.Errorf("the secret output is shown as %v", secret)
	}
	state := provider.Map{"name": resource.NewProperty("x"), "secret": resource.NewProperty("s"),
		"madeAt": resource.NewProperty("then")}
	changed := made.PreviewUpdate(provider.Change{State: state, News: provider.Map{
		"name": resource.NewProperty("y")}})
	if !changed["madeAt"].IsComputed() || !changed["secret"].IsSecret() ||
		changed["secret"].SecretValue().Element.StringValue() != "s" {
		t.Errorf("an update is shown as %v", changed)
	}
}

func TestWhatIsNotSupportedIsNamed(t *testing.T) {
	refused := sample.check("", properties(map[string]any{
		"name": 5.0, "madeAt": "now", "settings": map[string]any{"other": true},
	}))
	var names []string
	for _, one := range refused {
		names = append(names, one.Property)
	}
	if want := []string{"madeAt", "name", "settings.other", "site"}; !slices.Equal(names, want) {
		t.Errorf("refused %v, want %v", names, want)
	}
}

func TestBodiesHaveTheNamesOfTheWire(t *testing.T) {
	state := Object{"site": "a", "name": "x", "comment": "gone soon", "loud": true, "secret": "s",
		"settings": map[string]any{"noTlsVerify": true, "path": "/"}}
	plan := Object{"site": "a", "name": "x", "loud": false, "tags": []any{"b", "a"},
		"settings": map[string]any{"noTlsVerify": true}}
	for want, got := range map[string]map[string]any{
		`{"loud":false,"name":"x","settings":{"noTLSVerify":true},"tags":["a","b"]}`: sample.Encode(plan),
		`{"comment":null,"loud":false,"name":"x","settings":{"noTLSVerify":true,"path":null},"tags":["a","b"]}`://
		sample.EncodeUpdate(state, plan),
		`{"comment":null,"loud":false,"settings":{"noTLSVerify":true,"path":null},"tags":["a","b"]}`://
		sample.EncodeChanges(state, plan),
	} {
		if canonical(got) != want {
			t.Errorf("got  %s\nwant %s", canonical(got), want)
		}
	}
}

func TestAReadKeepsWhatIsNeverToldAndWhatMeansTheSame(t *testing.T) {
	state := Object{"site": "a", "name": "x", "tags": []any{"1", "2"}, "secret": "s"}
	read, err := sample.Refresh(state, map[string]any{
		"name": "y", "tags": []any{"2", "1"}, "quiet": false, "secret": "****", "made_at": "now",
		"comment": nil, "unknown": 1.0,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"madeAt":"now","name":"y","secret":"s","site":"a","tags":["1","2"]}`
	if canonical(read) != want {
		t.Errorf("got  %s\nwant %s", canonical(read), want)
	}
	if _, err := sample.Refresh(state, map[string]any{"name": 5.0}); err == nil ||
		err.Error() != `unexpected unknown property value for "name": the API answered with a float64` {
		t.Errorf("a wrong type: %v", err)
	}
}

func TestAnAnswerFillsOnlyWhatThePlanLeavesOpen(t *testing.T) {
	state, err := sample.Fill(Object{"name": "x"}, map[string]any{
		"name": "another", "comment": "the server's", "made_at": "now", "secret": "s",
		"settings": map[string]any{"noTLSVerify": true},
	})
	want := `{"madeAt":"now","name":"x","secret":"s","settings":{"noTlsVerify":true}}`
	if err != nil || canonical(state) != want {
		t.Errorf("got %s, %v", canonical(state), err)
	}
}
