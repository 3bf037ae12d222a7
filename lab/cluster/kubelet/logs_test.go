package kubelet

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogsAreShownAsTheyAreAskedFor(t *testing.T) {
	raw := "2026-01-02T03:04:05.6Z stderr F one\n2026-01-02T03:04:06Z stderr P tw\n2026-01-02T03:04:06Z stderr F o\n2026-01-02T03:04:07Z stderr F three\n"
	for query, want := range map[string]string{
		"":                                "one\ntwo\nthree\n",
		"tailLines=1":                     "three\n",
		"tailLines=0":                     "",
		"sinceTime=2026-01-02T03:04:07Z":  "three\n",
		"tailLines=1&timestamps=true":     "2026-01-02T03:04:07Z three\n",
		"sinceTime=2026-01-02T03:04:08Z":  "",
		"previous=false&follow=false&x=1": "one\ntwo\nthree\n",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		options, err := logOptionsOf(values)
		if err != nil {
			t.Fatal(err)
		}
		var shown strings.Builder
		if err := options.copy(&shown, strings.NewReader(raw), func() bool { return false }); err != nil || shown.String() != want {
			t.Errorf("%s: got %q, %v", query, shown.String(), err)
		}
	}
	if _, err := logOptionsOf(url.Values{"tailLines": {"many"}}); err == nil {
		t.Error("a wrong number of lines is taken")
	}
}

func TestTheLogOfTheStartBeforeIsFound(t *testing.T) {
	directory := t.TempDir()
	folder := filepath.Join(directory, "apps_web-0_1-2", "main")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"3.log", "4.log"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	newest, err := logOf(directory, "apps", "web-0", "main", false)
	if err != nil || filepath.Base(newest) != "4.log" {
		t.Errorf("%s, %v", newest, err)
	}
	if before, err := logOf(directory, "apps", "web-0", "main", true); err != nil || filepath.Base(before) != "3.log" {
		t.Errorf("%s, %v", before, err)
	}
	if _, err := logOf(directory, "apps", "web", "main", false); err == nil {
		t.Error("another pod's log is shown")
	}
}
