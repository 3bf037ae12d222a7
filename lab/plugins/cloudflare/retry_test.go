package cloudflare

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"homelab/lab/plugins/rest/resttest"
)

// now asks for the next try at once.
var now = http.Header{"Retry-After": {"0"}}

func TestPassingFailuresAreTriedElevenTimes(t *testing.T) {
	for _, status := range []int{408, 409, 429, 500, 503} {
		plugin, api := serve(t, map[string][]resttest.Answer{
			"POST " + tunnels: {{Status: status, Body: `{"success":false}`, Header: now}}})
		if err := life(t, plugin, tunnelOf).Create(home(nil)); err == nil || len(api.Asked()) != attempts {
			t.Errorf("%d: %v after %d requests", status, err, len(api.Asked()))
		}
		if got := api.Asked()[10].Header.Get("X-Stainless-Retry-Count"); got != "10" {
			t.Errorf("the last request counts %s", got)
		}
	}
}

func TestTheServerDecidesWhetherAndWhenToTryAgain(t *testing.T) {
	dont := http.Header{"X-Should-Retry": {"false"}}
	do := http.Header{"X-Should-Retry": {"true"}, "Retry-After-Ms": {"1"}}
	for want, answers := range map[int][]resttest.Answer{
		1: {{Status: 500, Header: dont}},
		2: {{Status: 400, Header: do}, {Status: 400}},
	} {
		plugin, api := serve(t, map[string][]resttest.Answer{"POST " + tunnels: answers})
		if err := life(t, plugin, tunnelOf).Create(home(nil)); err == nil || len(api.Asked()) != want {
			t.Errorf("%v after %d requests, want %d", err, len(api.Asked()), want)
		}
	}
	for try, longest := range []time.Duration{2, 4, 8, 16, 30, 30, 30} {
		if got := wait(try, nil); got > longest*time.Second || got < longest*time.Second*3/4 {
			t.Errorf("the wait after try %d is %v", try, got)
		}
	}
	date := time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)
	got := wait(0, &http.Response{Header: http.Header{"Retry-After": {date}}})
	if got < 15*time.Second || got > 20*time.Second {
		t.Errorf("a date 20 s ahead asks for %v", got)
	}
}

func TestALostAnswerMeansASecondPostAndADeleteThatFails(t *testing.T) {
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + tunnels:           {{Lost: true}, {Body: `{"result":{"id":"t2","name":"home"}}`}},
		"DELETE " + tunnels + "/t2": {{Lost: true}, {Status: 404, Body: `{}`}},
	})
	one := life(t, plugin, tunnelOf)
	must(t, one.Create(home(nil)))
	if one.ID != "t2" || len(api.Asked()) != 2 {
		t.Errorf("%s after %d requests", one.ID, len(api.Asked()))
	}
	if err := one.Delete(); err == nil || !strings.Contains(err.Error(), ": 404 Not Found {}") {
		t.Errorf("deleting: %v", err)
	}
}
