package rook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Directory is where all machines of the lab see what its Cephs know, a file each.
const Directory = "/run/lab/volumes/.ceph"

// State is what a Ceph would know of itself.
type State struct {
	// Key is the administrator's.
	Key  string       `json:"key"`
	OSDs map[int]*OSD `json:"osds"`
	// Hosts are CRUSH's buckets of that type: above each, by type, what it was made or moved below.
	Hosts map[string]map[string]string `json:"hosts"`
	// Buckets are those of all object stores by their name.
	Buckets map[string]*Bucket `json:"buckets"`
	// Widths are those of the pools by their failure domain: how many domains the widest needs.
	Widths map[string]int `json:"widths"`
	// Spares are how many of these domains the pool that bears least goes on without.
	Spares map[string]int `json:"spares"`
	// Domains are the failure domains of the pools' rules, by what the lab calls a pool.
	Domains map[string]string `json:"domains"`
	// Config is what the monitors keep for whom. An option that is named no more stays (rook, ceph-cluster-crd.md).
	Config map[string]map[string]string `json:"config"`
	// Muted are checks that do not count. One that is named no more stays muted until it is unmuted (rook, ceph-cluster-crd.md).
	Muted map[string]bool `json:"muted"`
	// Monitors that should be there, and are.
	Monitors, MonitorsUp int
}

// OSD is the daemon of a disk.
type OSD struct {
	// UUID tells its disk from others that have had its number.
	UUID string `json:"uuid"`
	// Host is the bucket that it stands in; empty until it has started.
	Host string `json:"host"`
	// Bytes are those of its disk when the daemon started last.
	Bytes int64 `json:"bytes"`
	Up    bool  `json:"up"`
	In    bool  `json:"in"`
	// AutoOut is whether Ceph itself gave it up.
	AutoOut bool `json:"autoOut"`
	// Since is when Up or In changed last: what follows from that takes its time.
	Since time.Time `json:"since"`
}

// Bucket is one of an object store.
type Bucket struct {
	Store  string `json:"store"`
	Access string `json:"access"`
	Secret string `json:"secret"`
}

const (
	// outAfter is when a daemon that is down is given up, 600 s with the real one (mon_osd_down_out_interval).
	outAfter = time.Minute
	// moving is how long what a disk held takes to be elsewhere.
	moving = 4 * time.Second
)

// Change reads the state of the Ceph with this id, lets it be changed, and keeps what became of it. Callers on all machines
// take turns. A directory that is not there is an error: nothing else is shared.
func Change(directory, fsid string, change func(*State) error) error {
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return err
	}
	path := filepath.Join(directory, fsid+".json")
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	state, err := read(path)
	if err != nil {
		return err
	}
	if err := change(state); err != nil {
		return err
	}
	content, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content, 0o666); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// read gives what a file says; one that is not there says that nothing is known.
func read(path string) (*State, error) {
	state := &State{
		OSDs: map[int]*OSD{}, Hosts: map[string]map[string]string{}, Buckets: map[string]*Bucket{}, Widths: map[string]int{},
		Domains: map[string]string{}, Config: map[string]map[string]string{}, Muted: map[string]bool{},
	}
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return state, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(content, state); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return state, nil
}

// known is what the Cephs of a directory know, and what follows from it by now, in words that only tell one time from another.
func known(directory string, now time.Time) (words string, err error) {
	paths, err := filepath.Glob(filepath.Join(directory, "*.json"))
	for _, path := range paths {
		state, failed := read(path)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		state.settle(now)
		content, failed := json.Marshal(state)
		err = errors.Join(err, failed)
		words += fmt.Sprint(string(content), state.checks("", now))
	}
	return words, err
}

// Forget removes all that is known of a Ceph.
func Forget(directory, fsid string) error {
	err := os.Remove(filepath.Join(directory, fsid+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// settle gives up daemons that have been down for long, but for those of a subtree that is as large as the limit and wholly down
// (ceph, OSDMonitor::tick).
func (s *State) settle(now time.Time) {
	limit := s.option("mon", "mon_osd_down_out_subtree_limit", "rack")
	for _, osd := range s.OSDs {
		if !osd.Up && osd.In && now.Sub(osd.Since) > outAfter && !s.subtreeDown(osd, limit) {
			osd.In, osd.AutoOut, osd.Since = false, true, now
		}
	}
}

// free is the lowest number that no daemon has: one that was purged is given again (ceph, OSDMonitor::_allocate_osd_id).
func (s *State) free() int {
	for id := 0; ; id++ {
		if s.OSDs[id] == nil {
			return id
		}
	}
}

// dump has a line for each daemon, its states and its UUID at the end (ceph, OSDMap::print_osds).
func (s *State) dump() string {
	var list strings.Builder
	for _, id := range slices.Sorted(maps.Keys(s.OSDs)) {
		osd := s.OSDs[id]
		up, in, weight, state := "down", "out", 0, "exists"
		if osd.Up {
			up, state = "up  ", "exists,up"
		}
		if osd.In {
			in, weight = "in ", 1
		}
		if osd.AutoOut {
			state = "autoout," + state
		}
		fmt.Fprintf(&list, "osd.%d %s %s weight %d %s %s\n", id, up, in, weight, state, osd.UUID)
	}
	return list.String()
}

// set keeps whether a daemon runs.
func (o *OSD) set(up bool, now time.Time) {
	if o.Up != up {
		o.Up, o.Since = up, now
		// One that comes back is taken in again, unless somebody put it out (ceph, mon_osd_auto_mark_auto_out_in).
		if up && o.AutoOut {
			o.In, o.AutoOut = true, false
		}
	}
}

// domains are the failure domains of a type that have disks in use, without those of the daemons that are left out.
func (s *State) domains(kind string, without ...int) int {
	found := map[string]bool{}
	for id, osd := range s.OSDs {
		if slices.Contains(without, id) || !osd.Up || !osd.In {
			continue
		}
		found[s.domain(kind, id)] = true
	}
	return len(found)
}

// domain is the failure domain of a type that a daemon is in.
func (s *State) domain(kind string, id int) string {
	if kind == "osd" {
		return fmt.Sprint(id)
	}
	return s.bucket(kind, s.OSDs[id])
}

// carried is whether all pools have as many domains as they are wide.
func (s *State) carried(without ...int) bool {
	for kind, width := range s.Widths {
		if s.domains(kind, without...) < width {
			return false
		}
	}
	return true
}

// okToStop tells why a pool would stand still without daemons; empty when none would. The real one counts what each piece of data
// would be left with (ceph, DaemonServer::_check_offlines_pgs).
func (s *State) okToStop(ids []int, now time.Time) string {
	_, unsafe := s.checks("", now)["PG_DEGRADED"]
	for kind, spare := range s.Spares {
		touched := map[string]bool{}
		for _, id := range ids {
			if osd, known := s.OSDs[id]; known && osd.Up {
				touched[s.domain(kind, id)] = true
			}
		}
		unsafe = unsafe || len(touched) > spare
	}
	if unsafe {
		return fmt.Sprintf("unsafe to stop osd(s) %v at this time (33 PGs are or would become offline)", ids)
	}
	return ""
}

// safeToDestroy tells why a daemon still has what no other has; empty when none has.
func (s *State) safeToDestroy(ids []int, now time.Time) string {
	if !s.carried(ids...) {
		return fmt.Sprintf("OSD(s) %v have pgs that depend on them: no other host, rack or disk can take their copies", ids)
	}
	for _, id := range ids {
		osd, known := s.OSDs[id]
		if !known {
			continue
		}
		if osd.In || now.Sub(osd.Since) < moving {
			return fmt.Sprintf("OSD(s) %d have 33 pgs currently mapped to them", id)
		}
	}
	return ""
}
