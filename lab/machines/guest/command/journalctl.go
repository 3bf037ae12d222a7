package command

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"homelab/lab/machines/guest/journal"
	"homelab/lab/machines/guest/unit"
)

type journalctl struct {
	query           journal.Query
	lines           int
	format          string
	follow, reverse bool
	quiet           bool
}

// Journalctl is journalctl(1) for reading the units' journals.
func Journalctl(args []string) int {
	j := journalctl{lines: -1, format: "short"}
	if err := j.parse(args); err != nil {
		return complain("journalctl: %v", err)
	}
	if err := j.run(); err != nil {
		return complain("journalctl: %v", err)
	}
	return 0
}

func (j *journalctl) parse(args []string) error {
	rest := newOptions(args)
	for rest.next() {
		var err error
		switch rest.name {
		case "-u", "--unit":
			j.query.Units = append(j.query.Units, unit.FullName(rest.argument()))
		case "-n", "--lines":
			err = j.setLines(rest.argument())
		case "-o", "--output":
			j.format = rest.argument()
			if !strings.Contains(" short short-iso short-precise short-iso-precise cat json ", " "+j.format+" ") {
				err = fmt.Errorf("output format %q is not supported by the lab's machines; there are short, short-iso, "+
					"short-precise, short-iso-precise, cat, json", j.format)
			}
		case "-S", "--since":
			j.query.Since, err = readTime(rest.argument(), time.Now())
		case "-U", "--until":
			j.query.Until, err = readTime(rest.argument(), time.Now())
		case "-g", "--grep":
			j.query.Contains = rest.argument()
			if strings.ContainsAny(j.query.Contains, `\.*+?[](){}|^$`) {
				err = fmt.Errorf("--grep takes plain text on the lab's machines, not %q", j.query.Contains)
			}
		case "-b", "--boot":
			if rest.hasValue && rest.value != "0" {
				err = fmt.Errorf("--boot=%s: only this boot can be chosen on the lab's machines", rest.value)
			} else {
				err = j.thisBoot()
			}
		case "-f", "--follow":
			j.follow = true
		case "-e", "--pager-end":
			if j.lines < 0 {
				j.lines = 1000
			}
		case "-r", "--reverse":
			j.reverse = true
		case "-q", "--quiet":
			j.quiet = true
		case "-x", "--catalog", "--no-pager", "-a", "--all", "-l", "--full", "--no-hostname", "-m":
		case "":
			err = fmt.Errorf("matches such as %q are not supported by the lab's machines", rest.value)
		default:
			err = fmt.Errorf("option '%s' is not supported by the lab's machines", rest.name)
		}
		if err != nil {
			return err
		}
		if rest.err != nil {
			return rest.err
		}
	}
	return nil
}

func (j *journalctl) setLines(text string) error {
	if text == "all" {
		j.lines = -1
		return nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 0 {
		return fmt.Errorf("--lines needs a number, not %q", text)
	}
	j.lines = number
	return nil
}

func (j *journalctl) thisBoot() error {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err == nil {
		j.query.Boot = strings.ReplaceAll(string(id), "-", "")[:8]
	}
	return err
}

// readTime reads the forms of systemd.time(7) that scripts use.
func readTime(text string, now time.Time) (time.Time, error) {
	relative, ago := strings.CutSuffix(text, " ago")
	if minus, found := strings.CutPrefix(text, "-"); found {
		relative, ago = minus, true
	}
	if ago {
		span, err := unit.ParseSpan(relative)
		return now.Add(-span), err
	}
	day := time.Date(now.UTC().Year(), now.UTC().Month(), now.UTC().Day(), 0, 0, 0, 0, time.UTC)
	switch text {
	case "now":
		return now, nil
	case "today":
		return day, nil
	case "yesterday":
		return day.AddDate(0, 0, -1), nil
	}
	if seconds, found := strings.CutPrefix(text, "@"); found {
		number, err := strconv.ParseFloat(seconds, 64)
		return time.UnixMicro(int64(number * 1e6)), err
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", time.RFC3339, "2006-01-02 15:04:05 MST"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	if clock, err := time.Parse("15:04:05", text); err == nil {
		return day.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute + time.Duration(clock.Second())*time.Second), nil
	}
	return time.Time{}, fmt.Errorf("failed to parse timestamp: %s", text)
}

func (j *journalctl) run() error {
	host := hostname()
	start := time.Now()
	entries, err := journal.Read(journal.Directory, j.query)
	if err != nil {
		return err
	}
	if j.follow && j.lines < 0 {
		j.lines = 10
	}
	if j.lines >= 0 && len(entries) > j.lines {
		entries = entries[len(entries)-j.lines:]
	}
	if len(entries) == 0 && !j.quiet && !j.follow && j.format != "json" {
		fmt.Println("-- No entries --")
	}
	for i := range entries {
		entry := entries[i]
		if j.reverse {
			entry = entries[len(entries)-1-i]
		}
		fmt.Println(j.render(entry, host))
		start = entries[len(entries)-1].Time
	}
	if !j.follow {
		return nil
	}
	return journal.Follow(journal.Directory, j.query, start, func(entry journal.Entry) {
		fmt.Println(j.render(entry, host))
	})
}

func short(entry journal.Entry, host string) string {
	return stamped(entry, host, "Jan 02 15:04:05")
}

func stamped(entry journal.Entry, host, layout string) string {
	return fmt.Sprintf("%s %s %s[%d]: %s", entry.Time.UTC().Format(layout), host, entry.Ident, entry.Pid, entry.Message)
}

func (j *journalctl) render(entry journal.Entry, host string) string {
	switch j.format {
	case "cat":
		return entry.Message
	case "short-precise":
		return stamped(entry, host, "Jan 02 15:04:05.000000")
	case "short-iso":
		return stamped(entry, host, "2006-01-02T15:04:05-07:00")
	case "short-iso-precise":
		return stamped(entry, host, "2006-01-02T15:04:05.000000-07:00")
	case "json":
		// Strings always marshal.
		text, _ := json.Marshal(map[string]string{
			"__REALTIME_TIMESTAMP": strconv.FormatInt(entry.Time.UnixMicro(), 10), "_SYSTEMD_UNIT": entry.Unit,
			"SYSLOG_IDENTIFIER": entry.Ident, "_PID": strconv.Itoa(entry.Pid), "_HOSTNAME": host, "MESSAGE": entry.Message,
		})
		return string(text)
	}
	return short(entry, host)
}
