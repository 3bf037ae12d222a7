package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"homelab/lab/cluster/bucket"
)

// server is the folder of one server in a bucket.
type server struct {
	*bucket.Bucket
	prefix, name string
}

// serverOf reads the address of a bucket, `s3://BUCKET/PREFIX`, and the key that the plugin puts into the environment.
func serverOf(endpoint, address, name string, environment func(string) string) (server, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "s3" || parsed.Host == "" {
		return server{}, exit{3, fmt.Sprintf("%s is no s3://BUCKET/PREFIX", address)}
	}
	opened, err := bucket.Open(endpoint, parsed.Host, bucket.Key{
		Access: environment("AWS_ACCESS_KEY_ID"), Secret: environment("AWS_SECRET_ACCESS_KEY"), Region: environment("AWS_DEFAULT_REGION"),
	})
	return server{opened, strings.Trim(parsed.Path, "/"), name}, err
}

// key is where something of the server lies in the bucket.
func (s server) key(parts ...string) string {
	all := append([]string{s.name}, parts...)
	if s.prefix != "" {
		all = append([]string{s.prefix}, all...)
	}
	return strings.Join(all, "/")
}

// codeOf is the exit code that the plugin looks for.
func codeOf(err error) int {
	var coded exit
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, bucket.ErrUnreachable):
		return 2
	}
	// "Any other potential error" of each of them.
	return 4
}

// writeNew writes a file whole or not at all.
func writeNew(file string, content []byte) error {
	if err := os.WriteFile(file+".part", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}
