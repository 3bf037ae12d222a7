package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// logLimit is the size from which a container's log is put aside; one earlier part is kept. A real
// kubelet keeps five of 10 MiB each (containerLogMaxSize and -Files).
const logLimit = 2 << 20

// longestLine is where containerd breaks a line.
const longestLine = 16 << 10

// Log writes a container's output in the CRI's format, as kubelets read it and agents that ship logs
// (https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
type Log struct {
	path string
	mu   sync.Mutex
	file *os.File
	size int64
	part []byte
	last string
	// recent are the last lines.
	recent []string
}

// OpenLog makes the log at path, with its directory.
func OpenLog(path string) (*Log, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	return &Log{path: path, file: file}, nil
}

// Write implements io.Writer.
func (l *Log) Write(content []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, content...)
	for {
		end := bytes.IndexByte(l.part, '\n')
		switch {
		case end >= 0:
			if err := l.line(l.part[:end], "F"); err != nil {
				return 0, err
			}
			l.part = l.part[end+1:]
		case len(l.part) > longestLine:
			if err := l.line(l.part[:longestLine], "P"); err != nil {
				return 0, err
			}
			l.part = l.part[longestLine:]
		default:
			return len(content), nil
		}
	}
}

func (l *Log) line(text []byte, tag string) error {
	l.recent = append(l.recent, string(text))
	l.recent = l.recent[max(0, len(l.recent)-tailLines):]
	if len(bytes.TrimSpace(text)) > 0 {
		l.last = string(bytes.TrimSpace(text))
	}
	if l.size > logLimit {
		if err := l.rotate(); err != nil {
			return err
		}
	}
	written, err := fmt.Fprintf(l.file, "%s stderr %s %s\n", time.Now().Format(time.RFC3339Nano), tag, text)
	l.size += int64(written)
	return err
}

func (l *Log) rotate() error {
	if err := l.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return err
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	l.file, l.size = file, 0
	return err
}

// tailLines is how much of a log a termination message may be made of (80 lines, and 2048 bytes of them).
const tailLines = 80

// Tail is the end of what the program wrote.
func (l *Log) Tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.recent, "\n")
}

// Last is the last line that has anything in it.
func (l *Log) Last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Close ends the log, with what there is of a last line.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.part) > 0 {
		if err := l.line(l.part, "F"); err != nil {
			return err
		}
	}
	return l.file.Close()
}
