package cloudflare

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	firstWait   = 2 * time.Second
	longestWait = 30 * time.Second
)

// again is whether a request is made once more: after a broken connection, and after statuses that pass,
// unless the server says otherwise. A request that the server may have carried out is sent again too.
func again(response *http.Response, err error) bool {
	if response == nil || err != nil {
		return true
	}
	switch response.Header.Get("X-Should-Retry") {
	case "true":
		return true
	case "false":
		return false
	}
	switch response.StatusCode {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return response.StatusCode >= http.StatusInternalServerError
}

// wait is the pause after a try, counted from 0: what the server asks for, else 2, 4, 8, 16 and then 30
// seconds, each shortened by up to a quarter.
func wait(try int, response *http.Response) time.Duration {
	if asked, ok := retryAfter(response); ok {
		return asked
	}
	pause := longestWait
	if try < 4 {
		pause = firstWait << try
	}
	return pause - time.Duration(rand.Int64N(int64(pause)/4+1))
}

// retryAfter reads Retry-After-Ms, and Retry-After in seconds or as a date.
func retryAfter(response *http.Response) (time.Duration, bool) {
	if response == nil {
		return 0, false
	}
	for name, unit := range map[string]time.Duration{
		"Retry-After-Ms": time.Millisecond, "Retry-After": time.Second,
	} {
		if number, err := strconv.ParseFloat(response.Header.Get(name), 64); err == nil {
			return time.Duration(number * float64(unit)), true
		}
	}
	if at, err := http.ParseTime(response.Header.Get("Retry-After")); err == nil {
		return time.Until(at), true
	}
	return 0, false
}
