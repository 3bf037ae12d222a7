package supervisor

import (
	"crypto/tls"
	"testing"
)

func serving(t *testing.T, path string) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(path+".crt", path+".key")
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}
