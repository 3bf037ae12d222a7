package journal

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
)

// Query chooses entries. Zero values choose everything.
type Query struct {
	Units []string
	Since time.Time
	Until time.Time
	// Boot chooses the entries of one boot.
	Boot string
	// Contains chooses messages with this text.
	Contains string
}

func (q Query) matches(e Entry) bool {
	return (q.Since.IsZero() || !e.Time.Before(q.Since)) && (q.Until.IsZero() || !e.Time.After(q.Until)) &&
		(q.Boot == "" || e.Boot == q.Boot) && strings.Contains(e.Message, q.Contains)
}

func units(directory string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.log"))
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(filepath.Base(file), ".log")
	}
	return names, err
}

// Read gives the chosen entries, oldest first.
func Read(directory string, query Query) ([]Entry, error) {
	names := query.Units
	if len(names) == 0 {
		all, err := units(directory)
		if err != nil {
			return nil, err
		}
		names = all
	}
	var entries []Entry
	for _, unit := range names {
		for _, suffix := range []string{".log.1", ".log"} {
			found, err := readPart(filepath.Join(directory, unit+suffix), unit, query)
			if err != nil {
				return nil, err
			}
			entries = append(entries, found...)
		}
	}
	sort.SliceStable(entries, func(i, j int) bool { return entries[i].Time.Before(entries[j].Time) })
	return entries, nil
}

func readPart(path, unit string, query Query) ([]Entry, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var entries []Entry
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if entry, ok := parseLine(unit, lines.Text()); ok && query.matches(entry) {
			entries = append(entries, entry)
		}
	}
	return entries, lines.Err()
}

// Follow calls show for each entry that is added after `after`, without end.
func Follow(directory string, query Query, after time.Time, show func(Entry)) error {
	watch, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		return err
	}
	defer syscall.Close(watch)
	if _, err := syscall.InotifyAddWatch(watch, directory, syscall.IN_MODIFY|syscall.IN_CREATE|syscall.IN_MOVED_TO); err != nil {
		return err
	}
	buffer := make([]byte, 64<<10)
	for {
		query.Since = after.Add(time.Microsecond)
		entries, err := Read(directory, query)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			show(entry)
			after = entry.Time
		}
		if _, err := syscall.Read(watch, buffer); err != nil && !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
