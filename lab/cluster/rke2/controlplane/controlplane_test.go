package controlplane

import (
	"slices"
	"testing"
)

func TestMergePutsTheUsersArgumentsOver(t *testing.T) {
	got, err := Merge(map[string]string{"a": "1", "b": "2"}, []string{"b=3", "--c=x=y", "d", "e=1", "e=2"})
	want := []string{"--a=1", "--b=3", "--c=x=y", "--d=true", "--e=1", "--e=2"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := Merge(nil, []string{"=1"}); err == nil {
		t.Error("accepted an argument without a key")
	}
}
