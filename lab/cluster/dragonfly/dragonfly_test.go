package main

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestFlagsAreThoseOfAnOperatorsInstance(t *testing.T) {
	own := []string{"--maxmemory=819mb", "--proactor_threads=3", "--dir=s3://snapshots/cache/cache-0", "--s3_endpoint=store:80", "--s3_use_https=false"}
	s, err := settingsOf(append(append([]string{}, defaultArguments...), own...))
	if err != nil {
		t.Fatal(err)
	}
	endpoint, name, folder, err := s.place()
	if endpoint != "http://store:80" || name != "snapshots" || folder != "cache/cache-0" || err != nil {
		t.Errorf("%s %s %s %v", endpoint, name, folder, err)
	}
	for flag, want := range map[string]string{
		"--maxmemory=600mb": "256", "--tls": "Unknown command line flag 'tls'", "--s3_use_https=maybe": "s3_use_https",
	} {
		if _, err := settingsOf(append(append(append([]string{}, defaultArguments...), own...), flag)); err == nil || !strings.Contains(err.Error(), strings.Replace(want, "256", "768", 1)) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

func TestCommandsAndAnswersAreRead(t *testing.T) {
	raw, words, err := command(bufio.NewReader(strings.NewReader(encode([]string{"SET", "a key", "two\r\nlines"}) + "PING\r\n")))
	if err != nil || len(words) != 3 || words[2] != "two\r\nlines" || string(raw) != encode(words) {
		t.Errorf("%q %v %v", raw, words, err)
	}
	for text, want := range map[string]string{"+OK\r\n": "OK", ":3\r\n": "3", "$5\r\nrole:\r\n": "role:"} {
		if got, err := reply(bufio.NewReader(strings.NewReader(text))); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := reply(bufio.NewReader(strings.NewReader("-NOAUTH who are you\r\n"))); err == nil {
		t.Error("an error is none")
	}
	if fields("# Replication\r\nrole:master\r\n")["role"] != "master" {
		t.Error("INFO is not read")
	}
}

func TestTheInstanceIsWhatTheRealOperatorMakes(t *testing.T) {
	var one dragonfly
	text := `{"metadata":{"name":"cache","namespace":"redis"},"spec":{"replicas":3,"args":["--dbfilename="],
		"podMetadata":{"annotations":{"mark":"1"}},"ownedObjectsMetadata":{"annotations":{"plan":"2"}},"authentication":{"passwordFromSecret":{"name":"cache.password","key":"password"}}}}`
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatal(err)
	}
	set := statefulSet(&one)
	own := set.Spec.Template.Spec.Containers[0]
	if own.Name != "dragonfly" || own.Args[len(own.Args)-1] != "--dbfilename=" || own.Env[len(own.Env)-1].Name != "DFLY_requirepass" {
		t.Errorf("%+v", own)
	}
	if set.Spec.UpdateStrategy.Type != "OnDelete" || set.Spec.Template.Annotations["mark"] != "1" || set.Spec.Template.Labels["app"] != "cache" {
		t.Errorf("%+v", set.Spec)
	}
	if _, within := set.Spec.Template.Annotations["plan"]; within || set.Annotations["plan"] != "2" || budget(&one).Annotations["plan"] != "2" {
		t.Errorf("annotations of what is owned: %v, in pods %v", set.Annotations, set.Spec.Template.Annotations)
	}
	if service(&one).Spec.Selector["role"] != "master" || budget(&one).Spec.MaxUnavailable.IntVal != 1 {
		t.Error("the Service or the budget is another")
	}
}

func TestAPodOfASilentNodeCountsUntilItIsToBeDeleted(t *testing.T) {
	pod := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.42.0.9", Conditions: []corev1.PodCondition{
		{Type: corev1.PodReady, Status: corev1.ConditionFalse}, {Type: corev1.ContainersReady, Status: corev1.ConditionTrue},
	}}}
	if !runs(pod) || terminating(pod) {
		t.Error("it is given up at once")
	}
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue})
	if !terminating(pod) {
		t.Error("it is never given up")
	}
}
