package rook

import (
	"strings"
	"testing"
)

// A class by another name than the setting gives is left to other operators: its claims stay as they are, and nothing is said.
func TestClassesOfBucketsAreKnownByTheNameThatTheSettingsGive(t *testing.T) {
	w := &work{operator: &operator{namespace: "rook-ceph"}}
	for want, settings := range map[string]map[string]string{
		"rook-ceph.ceph.rook.io/bucket": {"ROOK_OBC_WATCH_OPERATOR_NAMESPACE": "true"},
		"ceph.rook.io/bucket":           {"ROOK_OBC_WATCH_OPERATOR_NAMESPACE": "false"},
		"home.ceph.rook.io/bucket": {
			"ROOK_OBC_WATCH_OPERATOR_NAMESPACE": "true", "ROOK_OBC_PROVISIONER_NAME_PREFIX": "home",
		},
	} {
		if got := w.bucketProvisioner(settings); got != want {
			t.Errorf("%v: %s, not %s", settings, got, want)
		}
	}
}

func TestABucketIsNotMadeByWhatRookCannotRead(t *testing.T) {
	const allowed = "maxObjects,maxSize,bucketLifecycle"
	for _, one := range []struct {
		config map[string]string
		says   string
	}{
		{map[string]string{"maxSize": "500Gi", "maxObjects": "1000000", "bucketLifecycle": `{"Rules":[{"ID":"a","Status":"Enabled","Prefix":""}]}`}, ""},
		{nil, ""},
		{map[string]string{"bucketOwner": "somebody"}, `"bucketOwner" is not allowed`},
		{map[string]string{"maxSize": "500 GiB"}, "failed to parse maxSize quota"},
		{map[string]string{"bucketLifecycle": "Rules: []"}, "failed to unmarshal lifecycle"},
	} {
		err := checkAdditional(one.config, allowed)
		if (err == nil) != (one.says == "") || err != nil && !strings.Contains(err.Error(), one.says) {
			t.Errorf("%v: %v, not %q", one.config, err, one.says)
		}
	}
}
