package command

import (
	"reflect"
	"testing"
	"time"
)

func TestOptionsInAllTheirForms(t *testing.T) {
	j := journalctl{lines: -1, format: "short"}
	if err := j.parse([]string{"-xeu", "rke2-server", "-n5", "--output=cat", "--no-pager"}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(j.query.Units, []string{"rke2-server.service"}) || j.lines != 5 || j.format != "cat" {
		t.Errorf("%+v", j)
	}
	for _, args := range [][]string{{"--vacuum-size=1"}, {"-o", "verbose"}, {"_PID=1"}, {"-n"}} {
		if err := (&journalctl{}).parse(args); err == nil {
			t.Errorf("%v must be refused", args)
		}
	}
}

func TestReadsTimes(t *testing.T) {
	now := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"5min ago": now.Add(-5 * time.Minute), "-30s": now.Add(-30 * time.Second), "today": now.Add(-16 * time.Hour),
		"@1700000000": time.Unix(1700000000, 0), "2026-11-22 15:00:00": now.Add(-time.Hour),
	} {
		if got, err := readTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
}
