// Package journal keeps what services print: one text file per unit, bounded, with one older part.
package journal

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Directory holds the journal; it survives boots.
const Directory = "/var/log/journal"

// maxBytes bounds a unit's current part; the part before it is kept, so a unit has at most twice as much.
const maxBytes = 4 << 20

// timeLayout is RFC 3339 in UTC with microseconds, of constant width, so that lines sort by time.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Entry is one line that a unit printed, or that init says of it.
type Entry struct {
	Time    time.Time
	Boot    string
	Unit    string
	Ident   string
	Pid     int
	Message string
}

func (e Entry) line() string {
	return fmt.Sprintf("%s %s %s[%d]: %s\n", e.Time.UTC().Format(timeLayout), e.Boot, e.Ident, e.Pid, e.Message)
}

func parseLine(unit, line string) (Entry, bool) {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) < 4 {
		return Entry{}, false
	}
	at, err := time.Parse(timeLayout, parts[0])
	ident, number, found := strings.Cut(strings.TrimSuffix(parts[2], "]:"), "[")
	pid, pidErr := strconv.Atoi(number)
	if err != nil || !found || pidErr != nil {
		return Entry{}, false
	}
	return Entry{Time: at, Boot: parts[1], Unit: unit, Ident: ident, Pid: pid, Message: parts[3]}, true
}

// Writer appends to the journal of one boot.
type Writer struct {
	directory, boot string
	mu              sync.Mutex
	files           map[string]*part
}

type part struct {
	file *os.File
	size int64
}

// NewWriter writes below the directory; boot is a short word that tells this boot from others.
func NewWriter(directory, boot string) *Writer {
	return &Writer{directory: directory, boot: boot, files: map[string]*part{}}
}

// Append adds one line. A journal that cannot be written is reported on init's console, never to the service.
func (w *Writer) Append(unit, ident string, pid int, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry := Entry{time.Now(), w.boot, unit, strings.ReplaceAll(ident, " ", "_"), pid, message}
	if err := w.write(unit, entry.line()); err != nil {
		fmt.Fprintf(os.Stderr, "journal of %s: %v: %s\n", unit, err, message)
	}
}

func (w *Writer) write(unit, line string) error {
	current := w.files[unit]
	path := filepath.Join(w.directory, unit+".log")
	if current != nil && current.size+int64(len(line)) > maxBytes {
		current.file.Close()
		delete(w.files, unit)
		if err := os.Rename(path, path+".1"); err != nil {
			return err
		}
		current = nil
	}
	if current == nil {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
		if err != nil {
			return err
		}
		info, err := file.Stat()
		if err != nil {
			return err
		}
		current = &part{file, info.Size()}
		w.files[unit] = current
	}
	written, err := current.file.WriteString(line)
	current.size += int64(written)
	return err
}

// Output is what one process prints: each line becomes an entry.
type Output struct {
	// File is for the process; the caller closes its own copy after the start.
	File *os.File
	// Done is closed once all processes that hold the file have ended and their lines are entries.
	Done <-chan struct{}
	pid  chan<- int
}

// SetPid tells the journal the process' id once that is known. It is called once.
func (o *Output) SetPid(pid int) { o.pid <- pid }

// Pipe gives a process something to print to.
func (w *Writer) Pipe(unit, ident string) (*Output, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	known, done := make(chan int, 1), make(chan struct{})
	go func() {
		defer close(done)
		defer reader.Close()
		pid := <-known
		buffered := bufio.NewReaderSize(reader, 48<<10)
		for {
			// A line longer than the buffer is cut into several entries, as journald does.
			line, _, err := buffered.ReadLine()
			if err != nil {
				if err != io.EOF {
					w.Append(unit, ident, pid, "reading its output: "+err.Error())
				}
				return
			}
			w.Append(unit, ident, pid, strings.ToValidUTF8(string(line), "\uFFFD"))
		}
	}()
	return &Output{File: writer, Done: done, pid: known}, nil
}
