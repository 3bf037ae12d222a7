package provider

import (
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Kind of a property's difference.
type Kind int

// The kinds of differences.
const (
	Add Kind = iota
	Delete
	Update
)

// Difference of one property, by its path ("disks[0].size").
type Difference struct {
	Kind Kind
	// Replace means that the resource has to be made anew.
	Replace bool
}

// Diff is a comparison's result; without Properties nothing differs.
type Diff struct {
	Properties          map[string]Difference
	DeleteBeforeReplace bool
}

// Compare lists the paths at which two maps differ, descending into objects and lists. Keys that start
// with two underscores belong to bookkeeping and never differ.
func Compare(old, new Map) map[string]Difference {
	found := map[string]Difference{}
	compareMaps("", old, new, found)
	return found
}

func compareMaps(prefix string, old, new Map, found map[string]Difference) {
	for key := range Copy(old, new) {
		if strings.HasPrefix(string(key), "__") {
			continue
		}
		path := string(key)
		if prefix != "" {
			path = prefix + "." + path
		}
		compareValues(path, old[key], new[key], found)
	}
}

func compareValues(path string, old, new resource.PropertyValue, found map[string]Difference) {
	switch {
	case old.IsNull() && new.IsNull():
	case old.IsNull():
		found[path] = Difference{Kind: Add}
	case new.IsNull():
		found[path] = Difference{Kind: Delete}
	case old.IsObject() && new.IsObject():
		compareMaps(path, old.ObjectValue(), new.ObjectValue(), found)
	case old.IsArray() && new.IsArray():
		a, b := old.ArrayValue(), new.ArrayValue()
		for i := range max(len(a), len(b)) {
			var x, y resource.PropertyValue
			if i < len(a) {
				x = a[i]
			}
			if i < len(b) {
				y = b[i]
			}
			compareValues(path+"["+strconv.Itoa(i)+"]", x, y, found)
		}
	case new.IsComputed() || new.IsOutput() || !old.DeepEquals(new):
		found[path] = Difference{Kind: Update}
	}
}

// Root is the first name of a property path.
func Root(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

func (d Diff) response() *pulumirpc.DiffResponse {
	answer := &pulumirpc.DiffResponse{
		Changes:             pulumirpc.DiffResponse_DIFF_NONE,
		DeleteBeforeReplace: d.DeleteBeforeReplace,
		DetailedDiff:        map[string]*pulumirpc.PropertyDiff{},
		HasDetailedDiff:     true,
	}
	diffs, replaces := map[string]bool{}, map[string]bool{}
	for path, difference := range d.Properties {
		answer.Changes = pulumirpc.DiffResponse_DIFF_SOME
		diffs[Root(path)] = true
		kind := pulumirpc.PropertyDiff_Kind(int(difference.Kind) * 2)
		if difference.Replace {
			kind++
			replaces[Root(path)] = true
		}
		answer.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind}
	}
	answer.Diffs, answer.Replaces = sorted(diffs), sorted(replaces)
	return answer
}

func sorted(set map[string]bool) []string {
	var all []string
	for name := range set {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}
