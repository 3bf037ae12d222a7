// Package logging writes log lines in the form RKE2 writes them:
// time="2026-01-02T15:04:05Z" level=info msg="..." key=value.
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LevelFatal is the level of a message after which the process ends.
const LevelFatal = slog.Level(12)

type handler struct {
	mu    *sync.Mutex
	out   io.Writer
	level slog.Level
	attrs string
	group string
}

// New returns a logger that writes to out; debug adds messages of level debug.
func New(out io.Writer, debug bool) *slog.Logger {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	return slog.New(&handler{mu: &sync.Mutex{}, out: out, level: level})
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "time=%q level=%s msg=%q%s",
		r.Time.UTC().Format(time.RFC3339), name(r.Level), r.Message, h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(h.format(a))
		return true
	})
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, b.String())
	return err
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	copied := *h
	for _, a := range attrs {
		copied.attrs += h.format(a)
	}
	return &copied
}

func (h *handler) WithGroup(group string) slog.Handler {
	copied := *h
	copied.group += group + "."
	return &copied
}

func (h *handler) format(a slog.Attr) string {
	value := a.Value.Resolve().String()
	if value == "" || strings.ContainsAny(value, " \t\n\"=") {
		value = strconv.Quote(value)
	}
	return " " + h.group + a.Key + "=" + value
}

func name(level slog.Level) string {
	switch {
	case level >= LevelFatal:
		return "fatal"
	case level >= slog.LevelError:
		return "error"
	case level >= slog.LevelWarn:
		return "warning"
	case level >= slog.LevelInfo:
		return "info"
	}
	return "debug"
}
