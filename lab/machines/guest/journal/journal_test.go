package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReadsBackWhatWasWritten(t *testing.T) {
	directory := t.TempDir()
	NewWriter(directory, "boot0001").Append("a.service", "a", 7, "old")
	writer := NewWriter(directory, "boot0002")
	writer.Append("a.service", "a", 8, "one: [two]")
	writer.Append("b.service", "b", 9, "other")
	entries, err := Read(directory, Query{Units: []string{"a.service"}, Boot: "boot0002"})
	if err != nil || len(entries) != 1 || entries[0].Message != "one: [two]" || entries[0].Pid != 8 || entries[0].Ident != "a" {
		t.Errorf("%+v %v", entries, err)
	}
	all, err := Read(directory, Query{Since: time.Now().Add(-time.Minute)})
	if err != nil || len(all) != 3 || all[2].Unit != "b.service" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestStaysBounded(t *testing.T) {
	directory := t.TempDir()
	writer := NewWriter(directory, "boot0001")
	line := strings.Repeat("x", 64<<10)
	for range 3 * maxBytes / len(line) {
		writer.Append("a.service", "a", 1, line)
	}
	var total int64
	files, _ := filepath.Glob(directory + "/*")
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if len(files) != 2 || total > 2*maxBytes {
		t.Errorf("%d files, %d bytes", len(files), total)
	}
}

func TestPipeMakesAnEntryOfEachLine(t *testing.T) {
	directory := t.TempDir()
	output, err := NewWriter(directory, "boot0001").Pipe("a.service", "prog")
	if err != nil {
		t.Fatal(err)
	}
	output.SetPid(42)
	if _, err := output.File.WriteString("one\ntwo\nrest"); err != nil {
		t.Fatal(err)
	}
	output.File.Close()
	<-output.Done
	entries, err := Read(directory, Query{})
	if err != nil || len(entries) != 3 || entries[2].Message != "rest" || entries[0].Pid != 42 {
		t.Errorf("%+v %v", entries, err)
	}
}
