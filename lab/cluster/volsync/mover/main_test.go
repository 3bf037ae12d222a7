package main

import "testing"

// list is what `restic snapshots` prints (restic 0.18.1).
const list = `ID        Time                 Host        Tags        Paths  Size
---------------------------------------------------------------------------
1111aaaa  2026-11-27 03:10:00  volsync                 /data  3.000 MiB
2222bbbb  2026-11-28 03:10:00  volsync                 /data  3.000 MiB
---------------------------------------------------------------------------
2 snapshots
`

func TestTheNewestSnapshotThatFitsIsRestored(t *testing.T) {
	t.Setenv("TZ", "UTC")
	for _, one := range []struct{ asOf, previous, id string }{
		{"", "", "2222bbbb"},
		{"", "1", "1111aaaa"},
		{"2026-11-28T03:09:59Z", "0", "1111aaaa"},
		{"2026-11-28T04:10:00+01:00", "0", "2222bbbb"},
		// None, which the real one takes for a success.
		{"2026-11-01T00:00:00Z", "0", ""},
		{"", "2", ""},
	} {
		if id, err := choose(list, one.asOf, one.previous); err != nil || id != one.id {
			t.Errorf("as of %q, previous %q: %q, %v; want %q", one.asOf, one.previous, id, err, one.id)
		}
	}
}
