package boot

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestWritesAFileWithOwnerAndMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	var f file
	if err := json.Unmarshal([]byte(`{"path":"`+path+`","content":"aGk=","mode":"0640","owner":"`+ownID()+`"}`), &f); err != nil {
		t.Fatal(err)
	}
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	info, _ := os.Stat(path)
	if err != nil || string(text) != "hi" || info.Mode().Perm() != 0o640 {
		t.Errorf("%q %v %v", text, info.Mode(), err)
	}
	f.Append = true
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "hihi" {
		t.Errorf("appended: %q", text)
	}
}

func ownID() string {
	if os.Geteuid() == 0 {
		return "0:0"
	}
	return "65534:65534"
}

func TestAccountsFindFreeNumbersAndJoinGroups(t *testing.T) {
	a := &accounts{
		passwd:  &table{lines: [][]string{{"root", "x", "0"}, {"a", "x", "1000"}}},
		group:   &table{lines: [][]string{{"root", "x", "0", ""}, {"g", "x", "1001", "a"}}},
		gshadow: &table{},
	}
	if id := a.free(false); id != 1002 {
		t.Errorf("free: %d", id)
	}
	if id := a.free(true); id != 999 {
		t.Errorf("free for the system: %d", id)
	}
	a.join("g", "b")
	a.join("g", "b")
	a.join("new", "b")
	if got := a.group.find("g")[3]; got != "a,b" {
		t.Errorf("members %q", got)
	}
	if got := a.group.find("new"); got[2] != "1002" || got[3] != "b" {
		t.Errorf("new group %v", got)
	}
}
