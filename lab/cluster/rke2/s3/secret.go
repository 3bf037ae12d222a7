package s3

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// FromSecret reads settings from a Secret's data, whose keys are the flags' names. An own authority stands there as PEM.
func FromSecret(data map[string][]byte) (Config, error) {
	text := func(key string) string { return string(data["etcd-s3-"+key]) }
	c := Config{
		Endpoint: Default.Endpoint, Region: Default.Region, Timeout: Default.Timeout, Retention: Default.Retention,
		AccessKey: text("access-key"), SecretKey: text("secret-key"), SessionToken: text("session-token"),
		Bucket: text("bucket"), BucketLookup: text("bucket-lookup-type"), Folder: text("folder"),
	}
	if ca := data["etcd-s3-endpoint-ca"]; len(ca) > 0 {
		c.EndpointCA = base64.StdEncoding.EncodeToString(ca)
	}
	for key, read := range map[string]func(string) error{
		"endpoint":        func(v string) error { c.Endpoint = v; return nil },
		"region":          func(v string) error { c.Region = v; return nil },
		"timeout":         func(v string) (err error) { c.Timeout, err = time.ParseDuration(v); return err },
		"retention":       func(v string) (err error) { c.Retention, err = strconv.Atoi(v); return err },
		"insecure":        func(v string) (err error) { c.Insecure, err = strconv.ParseBool(v); return err },
		"skip-ssl-verify": func(v string) (err error) { c.SkipSSLVerify, err = strconv.ParseBool(v); return err },
	} {
		if value, given := data["etcd-s3-"+key]; given {
			if err := read(string(value)); err != nil {
				return c, fmt.Errorf("failed to parse etcd-s3-%s value from S3 config secret: %w", key, err)
			}
		}
	}
	return c, nil
}
