package unit

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var span = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*`)

var spanUnits = map[string]time.Duration{
	"": time.Second, "s": time.Second, "sec": time.Second, "second": time.Second, "seconds": time.Second,
	"us": time.Microsecond, "usec": time.Microsecond, "ms": time.Millisecond, "msec": time.Millisecond,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
}

// ParseSpan reads a time span of systemd.time(7), for example `90`, `5min 20s`, `500ms` or `infinity`.
func ParseSpan(text string) (time.Duration, error) {
	rest := strings.TrimSpace(text)
	if rest == "infinity" {
		return Infinity, nil
	}
	if rest == "" {
		return 0, fmt.Errorf("%q is not a time span", text)
	}
	var total time.Duration
	for rest != "" {
		match := span.FindStringSubmatch(rest)
		if match == nil {
			return 0, fmt.Errorf("%q is not a time span", text)
		}
		factor, known := spanUnits[match[2]]
		number, err := strconv.ParseFloat(match[1], 64)
		if !known || err != nil {
			return 0, fmt.Errorf("%q is not a time span", text)
		}
		total += time.Duration(number * float64(factor))
		rest = rest[len(match[0]):]
	}
	return total, nil
}

func duration(target *time.Duration, value string) error {
	parsed, err := ParseSpan(value)
	*target = parsed
	return err
}

// limit reads a time limit, where 0 switches the limit off.
func limit(target *time.Duration, value string) error {
	err := duration(target, value)
	if err == nil && *target == 0 {
		*target = Infinity
	}
	return err
}
