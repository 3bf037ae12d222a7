// Package s3 keeps etcd snapshots in an S3-compatible store, with the client and in the manner of RKE2: names, metadata,
// retention and errors (k3s pkg/etcd/s3/s3.go).
package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Config is where snapshots go: the flags etcd-s3-*.
type Config struct {
	Endpoint, EndpointCA, Bucket, BucketLookup, Region, Folder string
	AccessKey, SecretKey, SessionToken                         string
	ConfigSecret, Proxy                                        string
	SkipSSLVerify, Insecure                                    bool
	Timeout                                                    time.Duration
	Retention                                                  int
}

// Default is what RKE2 takes where no flag says otherwise.
var Default = Config{
	Endpoint: "s3.amazonaws.com", Region: "us-east-1", Timeout: 5 * time.Minute, Retention: 5,
}

// Set says whether a flag besides the Secret's name was given: then the Secret is not read.
func (c Config) Set() bool {
	plain := Default
	plain.ConfigSecret = c.ConfigSecret
	return c != plain
}

// Client speaks to one bucket.
type Client struct {
	mc *minio.Client
	c  Config
}

// File is a snapshot in the bucket.
type File struct {
	Name, Location, NodeName, TokenHash string
	Size                                int64
	Created                             time.Time
}

// New connects and looks whether the bucket is there.
func New(ctx context.Context, c Config) (*Client, error) {
	if c.Bucket == "" {
		return nil, errors.New("s3 bucket name was not set")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	switch {
	case c.SkipSSLVerify:
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	case c.EndpointCA != "":
		pool, err := authorities(c.EndpointCA)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	lookup, known := map[string]minio.BucketLookupType{
		"": minio.BucketLookupAuto, "auto": minio.BucketLookupAuto,
		"dns": minio.BucketLookupDNS, "path": minio.BucketLookupPath,
	}[c.BucketLookup]
	if !known {
		return nil, fmt.Errorf("invalid bucket lookup type %q", c.BucketLookup)
	}
	mc, err := minio.New(c.Endpoint, &minio.Options{
		Creds:  credentials.NewStaticV4(c.AccessKey, c.SecretKey, c.SessionToken),
		Secure: !c.Insecure, Region: c.Region, Transport: transport, BucketLookup: lookup,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	exists, err := mc.BucketExists(ctx, c.Bucket)
	if err != nil {
		return nil, fmt.Errorf("failed to test for existence of bucket %s: %w", c.Bucket, err)
	}
	if !exists {
		return nil, fmt.Errorf("bucket %s does not exist", c.Bucket)
	}
	return &Client{mc, c}, nil
}

// authorities reads what may be base64 of PEM, or files of PEM, with blanks between.
func authorities(text string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	loaded := false
	for _, one := range strings.Split(text, " ") {
		pem, err := base64.StdEncoding.DecodeString(one)
		if err != nil {
			pem, err = os.ReadFile(one)
		}
		if err != nil {
			return nil, err
		}
		loaded = pool.AppendCertsFromPEM(pem) || loaded
	}
	if !loaded {
		return nil, errors.New("no certificates loaded from etcd-s3-endpoint-ca")
	}
	return pool, nil
}

const (
	nodeNameKey  = "Rke2-Node-Name"
	tokenHashKey = "Rke2-Token-Hash"
)

func (c *Client) key(name string) string { return path.Join(c.c.Folder, name) }

// Upload puts a snapshot's file beside the others.
func (c *Client) Upload(ctx context.Context, file, node, tokenHash string) error {
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	content := "application/octet-stream"
	if strings.HasSuffix(file, ".zip") {
		content = "application/zip"
	}
	_, err := c.mc.FPutObject(ctx, c.c.Bucket, c.key(filepath.Base(file)), file, minio.PutObjectOptions{
		NumThreads: 2, ContentType: content,
		UserMetadata: map[string]string{nodeNameKey: node, tokenHashKey: tokenHash},
	})
	return err
}

// Download fetches a snapshot into a directory and returns its path.
func (c *Client) Download(ctx context.Context, name, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	file := filepath.Join(dir, name)
	if err := c.mc.FGetObject(ctx, c.c.Bucket, c.key(name), file, minio.GetObjectOptions{}); err != nil {
		return "", err
	}
	return file, os.Chmod(file, 0o600)
}

// Delete removes a snapshot; Gone says of the error that it was not there.
func (c *Client) Delete(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	if _, err := c.mc.StatObject(ctx, c.c.Bucket, c.key(name), minio.StatObjectOptions{}); err != nil {
		return err
	}
	return c.mc.RemoveObject(ctx, c.c.Bucket, c.key(name), minio.RemoveObjectOptions{})
}

// Gone says whether an error means that there is no such object.
func Gone(err error) bool { return minio.ToErrorResponse(err).StatusCode == http.StatusNotFound }

// List returns the snapshots, newest first.
func (c *Client) List(ctx context.Context) ([]File, error) {
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	var files []File
	for info := range c.mc.ListObjects(ctx, c.c.Bucket, minio.ListObjectsOptions{Prefix: c.c.Folder, Recursive: true}) {
		if info.Err != nil {
			return nil, info.Err
		}
		if info.Size == 0 || path.Base(path.Dir(info.Key)) == ".metadata" {
			continue
		}
		object, err := c.mc.StatObject(ctx, c.c.Bucket, info.Key, minio.StatObjectOptions{})
		if err != nil {
			return nil, err
		}
		name := path.Base(info.Key)
		files = append(files, File{
			Name: name, Location: "s3://" + c.c.Bucket + "/" + info.Key, Size: info.Size,
			NodeName: object.UserMetadata[nodeNameKey], TokenHash: object.UserMetadata[tokenHashKey],
			Created: Created(name, info.LastModified),
		})
	}
	slices.SortStableFunc(files, func(a, b File) int { return b.Created.Compare(a.Created) })
	return files, nil
}

// Prune deletes the oldest snapshots with a prefix beyond the newest keep, of whatever node, and returns their names.
func (c *Client) Prune(ctx context.Context, prefix string, keep int) ([]string, error) {
	if keep < 1 {
		return nil, nil
	}
	files, err := c.List(ctx)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f File) bool { return !strings.HasPrefix(f.Name, prefix) })
	var removed []string
	for len(files) > keep {
		last := files[len(files)-1]
		if err := c.Delete(ctx, last.Name); err != nil && !Gone(err) {
			return removed, err
		}
		removed, files = append(removed, last.Name), files[:len(files)-1]
	}
	return removed, nil
}

// Created is the time in a snapshot's name, or the other one where it has none.
func Created(name string, other time.Time) time.Time {
	base := strings.TrimSuffix(name, ".zip")
	seconds, err := strconv.ParseInt(base[strings.LastIndexByte(base, '-')+1:], 10, 64)
	if err != nil {
		return other
	}
	return time.Unix(seconds, 0)
}
