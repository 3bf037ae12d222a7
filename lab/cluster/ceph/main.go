// Command ceph stands in pods of Ceph's image for the real one. It reads /etc/ceph/ceph.conf and the keyring that is named
// there, and asks the first monitor that answers; what the lab's Ceph understands is in cluster/rook/monitor.go.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(words []string) error {
	config, err := os.ReadFile("/etc/ceph/ceph.conf")
	if err != nil {
		return errors.New("Error initializing cluster client: ObjectNotFound('RADOS object not found (error calling conf_read_file)')")
	}
	keyring, err := os.ReadFile(setting(string(config), "keyring"))
	if err != nil {
		return errors.New("[errno 2] RADOS object not found (error connecting to the cluster)")
	}
	key := setting(string(keyring), "key")
	client := http.Client{Timeout: 10 * time.Second}
	silent := errors.New("[errno 110] RADOS timed out (error connecting to the cluster)")
	for monitor := range strings.SplitSeq(setting(string(config), "mon_host"), ",") {
		request, err := http.NewRequest(http.MethodPost, "http://"+strings.TrimSpace(monitor)+"/", bytes.NewBufferString(strings.Join(words, " ")))
		if err != nil {
			return err
		}
		request.Header.Set("X-Key", key)
		answer, err := client.Do(request)
		if err != nil {
			silent = err
			continue
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return errors.New(strings.TrimSpace(string(said)))
		}
		_, err = os.Stdout.Write(said)
		return err
	}
	return silent
}

// setting is the value of a key in a file of Ceph's form.
func setting(text, key string) string {
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(line, "=")
		if found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
