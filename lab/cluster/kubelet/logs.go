package kubelet

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// followEvery is how often a log that is followed is looked at for more.
const followEvery = 200 * time.Millisecond

// containerLogs serves GET /containerLogs/{namespace}/{pod}/{container}, which `kubectl logs` comes to, of
// containers that are processes (pkg/kubelet/server/server.go).
func (k *kubelet) containerLogs(w http.ResponseWriter, r *http.Request) {
	options, err := logOptionsOf(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	path, err := logOf(podLogs, r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), options.previous)
	if err != nil {
		http.Error(w, "the lab has the logs of processes only: "+err.Error(), http.StatusNotFound)
		return
	}
	file, err := os.Open(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "text/plain")
	more := func() bool {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return false
		case <-time.After(followEvery):
		}
		// The next start of the container has a log of its own.
		newest, err := logOf(podLogs, r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), false)
		return options.follow && err == nil && newest == path
	}
	if !options.follow {
		more = func() bool { return false }
	}
	if err := options.copy(w, file, more); err != nil {
		k.log.Debug("a reader of a log hung up", "error", err)
	}
}

// logOptions are what of a container's log is asked for.
type logOptions struct {
	follow, previous, timestamps bool
	// tail is how many lines; below zero for all.
	tail  int
	since time.Time
}

func logOptionsOf(query url.Values) (options logOptions, err error) {
	options.tail = -1
	for key, target := range map[string]*bool{"follow": &options.follow, "previous": &options.previous, "timestamps": &options.timestamps} {
		if text := query.Get(key); text != "" {
			*target, err = strconv.ParseBool(text)
		}
		if err != nil {
			return options, err
		}
	}
	if text := query.Get("tailLines"); text != "" {
		if options.tail, err = strconv.Atoi(text); err != nil {
			return options, err
		}
	}
	if text := query.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil {
			return options, err
		}
		options.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		options.since, err = time.Parse(time.RFC3339, text)
	}
	return options, err
}

// copy writes the lines that are asked for, and goes on while more says so.
func (o logOptions) copy(to io.Writer, from io.Reader, more func() bool) error {
	reader := bufio.NewReader(from)
	var kept []string
	held := o.tail >= 0
	rest := ""
	for {
		line, err := reader.ReadString('\n')
		rest += line
		if err == nil {
			text, wanted := o.line(rest)
			rest = ""
			switch {
			case !wanted:
			case held:
				kept = append(kept, text)
				kept = kept[max(0, len(kept)-o.tail):]
			default:
				_, err = io.WriteString(to, text)
			}
		}
		if errors.Is(err, io.EOF) {
			if held {
				held = false
				if _, err := io.WriteString(to, strings.Join(kept, "")); err != nil {
					return err
				}
			}
			if more() {
				continue
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// line is a line of the log as it is shown: without the runtime's part, or with its time.
func (o logOptions) line(raw string) (text string, wanted bool) {
	fields := strings.SplitN(raw, " ", 4)
	if len(fields) < 4 {
		return raw, true
	}
	if at, err := time.Parse(time.RFC3339Nano, fields[0]); err == nil && at.Before(o.since) {
		return "", false
	}
	text = fields[3]
	if fields[2] == "P" {
		text = strings.TrimSuffix(text, "\n")
	}
	if o.timestamps {
		text = fields[0] + " " + text
	}
	return text, true
}

// logOf is the file of the newest start of a container, or of the one before.
func logOf(directory, namespace, pod, container string, previous bool) (string, error) {
	files, err := filepath.Glob(filepath.Join(directory, namespace+"_"+pod+"_*", container, "*.log"))
	if err != nil {
		return "", err
	}
	newest, number := "", -1
	var written time.Time
	for _, file := range files {
		info, err := os.Stat(file)
		own, wrong := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".log"))
		if err != nil || wrong != nil {
			continue
		}
		if later := info.ModTime().Compare(written); later > 0 || later == 0 && own > number {
			newest, written, number = file, info.ModTime(), own
		}
	}
	if previous && newest != "" {
		newest = filepath.Join(filepath.Dir(newest), strconv.Itoa(number-1)+".log")
		if _, err := os.Stat(newest); err != nil {
			newest = ""
		}
	}
	if newest == "" {
		return "", errors.New("container " + container + " in pod " + pod + " has no log here")
	}
	return newest, nil
}
