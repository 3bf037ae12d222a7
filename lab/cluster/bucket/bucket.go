// Package bucket is a client of S3 stores for programs of pods: path-style addresses, signed with Signature Version 4, whole
// objects alone.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
package bucket

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bucket is one of a store.
type Bucket struct {
	endpoint, name         string
	access, secret, region string
	client                 *http.Client
}

// ErrMissing says that an object, or a bucket, is not there.
var ErrMissing = errors.New("not found")

// ErrUnreachable says that nobody answers for the store, or nobody knows its key.
var ErrUnreachable = errors.New("could not connect to the endpoint URL")

// Key is what a bucket is asked with.
type Key struct{ Access, Secret, Region string }

// Open names a bucket of the store at an endpoint: scheme, host and port.
func Open(endpoint, name string, key Key) (*Bucket, error) {
	if endpoint == "" || name == "" || key.Access == "" || key.Secret == "" {
		return nil, fmt.Errorf("%w: unable to locate credentials", ErrUnreachable)
	}
	if key.Region == "" {
		key.Region = "us-east-1"
	}
	return &Bucket{
		endpoint: strings.TrimSuffix(endpoint, "/"), name: name, access: key.Access, secret: key.Secret, region: key.Region,
		client: &http.Client{Timeout: 5 * time.Minute},
	}, nil
}

// Put writes an object.
func (b *Bucket) Put(ctx context.Context, key string, content []byte) error {
	_, err := b.ask(ctx, http.MethodPut, key, nil, content)
	return err
}

// Get reads an object; ErrMissing where there is none.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	return b.ask(ctx, http.MethodGet, key, nil, nil)
}

// Remove deletes an object, whether it is there or not.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	_, err := b.ask(ctx, http.MethodDelete, key, nil, nil)
	return err
}

// List gives the keys that begin so.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	body, err := b.ask(ctx, http.MethodGet, "", url.Values{"list-type": {"2"}, "prefix": {prefix}}, nil)
	if err != nil {
		return nil, err
	}
	var listed struct {
		IsTruncated bool
		Contents    []struct{ Key string }
	}
	if err := xml.Unmarshal(body, &listed); err != nil {
		return nil, err
	}
	if listed.IsTruncated {
		return nil, errors.New("a list of more than one page, which the lab does not read")
	}
	keys := make([]string, 0, len(listed.Contents))
	for _, one := range listed.Contents {
		keys = append(keys, one.Key)
	}
	return keys, nil
}

func (b *Bucket) ask(ctx context.Context, method, key string, query url.Values, content []byte) ([]byte, error) {
	address := b.endpoint + "/" + b.name
	if key != "" {
		address += "/" + key
	}
	// Signed as AWS writes it, where a space is no plus.
	address += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(address, "?"), bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	b.sign(request, content, time.Now().UTC())
	answer, err := b.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode == http.StatusNotFound:
		return nil, fmt.Errorf("%s/%s: %w", b.name, key, ErrMissing)
	case answer.StatusCode >= http.StatusMultipleChoices:
		return nil, fmt.Errorf("%s %s/%s: %s: %.300s", method, b.name, key, answer.Status, body)
	}
	return body, nil
}

func (b *Bucket) sign(request *http.Request, content []byte, now time.Time) {
	stamp := now.Format("20060102T150405Z")
	digest := fmt.Sprintf("%x", sha256.Sum256(content))
	request.Header.Set("X-Amz-Date", stamp)
	request.Header.Set("X-Amz-Content-Sha256", digest)
	signed := "host;x-amz-content-sha256;x-amz-date"
	headers := fmt.Sprintf("host:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n", request.URL.Host, digest, stamp)
	canonical := strings.Join([]string{request.Method, request.URL.EscapedPath(), request.URL.RawQuery, headers, signed, digest}, "\n")
	scope := strings.Join([]string{stamp[:8], b.region, "s3", "aws4_request"}, "/")
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, scope, sha256.Sum256([]byte(canonical)))
	key := []byte("AWS4" + b.secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = keyed(key, part)
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		b.access, scope, signed, hex.EncodeToString(keyed(key, text))))
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
