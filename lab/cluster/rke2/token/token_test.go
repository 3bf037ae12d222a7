package token

import (
	"strings"
	"testing"
)

func TestFormatAndParse(t *testing.T) {
	ca := []byte("ca")
	parsed, err := Parse(Format(ca, "server", "pass:word"))
	if err != nil || parsed.User != "server" || parsed.Password != "pass:word" || parsed.CheckCA(ca) != nil {
		t.Errorf("%+v %v", parsed, err)
	}
	if err := parsed.CheckCA([]byte("other")); err == nil ||
		!strings.HasPrefix(err.Error(), "token CA hash does not match the Cluster CA certificate hash: ") {
		t.Error(err)
	}
}

func TestBarePassword(t *testing.T) {
	parsed, err := Parse(" secret\n")
	if err != nil || parsed != (Token{Password: "secret"}) || parsed.CheckCA([]byte("any")) != nil {
		t.Errorf("%+v %v", parsed, err)
	}
}

func TestMalformed(t *testing.T) {
	for input, want := range map[string]string{
		"": "token must not be empty", "K10abc": "invalid token format",
		"K10abc::server:x": "invalid token CA hash length", "K10::server:": "invalid token format",
	} {
		if _, err := Parse(input); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", input, err, want)
		}
	}
}
