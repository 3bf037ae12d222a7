package process

import (
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"
)

// klog's E and F lines, etcd's JSON levels, and cobra's and Go's own last words.
var telling = regexp.MustCompile(`^[EF]\d{4} |"level":"(error|fatal|panic)"|^(Error:|error:|panic:|fatal)|unknown flag|permanently removed`)

// Cause picks the lines of a log, from offset on, that say why its process ended: the last
// telling ones, or else the last ones.
func Cause(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	content, err := io.ReadAll(io.NewSectionReader(file, offset, 4<<20))
	if err != nil {
		return err.Error()
	}
	var said, last []string
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		tells := telling.MatchString(line)
		line = plain(line)
		last = append(last, line)
		if tells {
			said = append(said, line)
		}
	}
	if len(said) > 0 {
		last = said
	}
	if len(last) == 0 {
		return "it wrote nothing to " + path
	}
	return strings.Join(last[max(0, len(last)-3):], " | ")
}

// plain shortens an etcd log line to its message and error; others stay as they are.
func plain(line string) string {
	var entry struct{ Msg, Error string }
	if json.Unmarshal([]byte(line), &entry) != nil || entry.Msg == "" {
		return line
	}
	if entry.Error != "" {
		return entry.Msg + ": " + entry.Error
	}
	return entry.Msg
}
