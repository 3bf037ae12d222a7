package rook

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// What restic does with a store (restic, internal/backend/s3), by the client that it is built on, over TLS.
func TestAGatewayServesTheClientOfRestic(t *testing.T) {
	ctx := t.Context()
	directory := t.TempDir()
	bucket := &Bucket{Store: "photos", Access: "id", Secret: "key"}
	if err := Change(directory, "fsid", func(s *State) error { s.Buckets["pictures"] = bucket; return nil }); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(gateway{root: t.TempDir(), directory: directory, fsid: "fsid", store: "photos"})
	defer server.Close()
	client, err := minio.New(strings.TrimPrefix(server.URL, "https://"), &minio.Options{
		Creds: credentials.NewStaticV4("id", "key", ""), Secure: true, Transport: server.Client().Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, there := range map[string]bool{"pictures": true, "other": false} {
		if found, err := client.BucketExists(ctx, name); err != nil || found != there {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	const key, content = "volumes home/data/5f", "word"
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	put := minio.PutObjectOptions{ContentType: "application/octet-stream", SendContentMd5: true, UserMetadata: map[string]string{"sum": digest}}
	if _, err := client.PutObject(ctx, "pictures", key, strings.NewReader(content), int64(len(content)), put); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for one := range client.ListObjects(ctx, "pictures", minio.ListObjectsOptions{Prefix: "volumes home/", Recursive: true}) {
		if one.Err != nil {
			t.Fatal(one.Err)
		}
		listed = append(listed, fmt.Sprint(one.Key, one.Size))
	}
	if got := strings.Join(listed, " "); got != key+"4" {
		t.Errorf("listed: %q", got)
	}
	part := minio.GetObjectOptions{}
	if err := part.SetRange(1, 2); err != nil {
		t.Fatal(err)
	}
	object, err := client.GetObject(ctx, "pictures", key, part)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(object); err != nil || string(got) != "or" {
		t.Errorf("got %q, %v", got, err)
	}
	if known, err := client.StatObject(ctx, "pictures", key, minio.StatObjectOptions{}); err != nil || known.UserMetadata["Sum"] != digest {
		t.Errorf("known: %+v, %v", known, err)
	}
	if err := client.RemoveObject(ctx, "pictures", key, minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.StatObject(ctx, "pictures", key, minio.StatObjectOptions{}); minio.ToErrorResponse(err).StatusCode != 404 {
		t.Errorf("it is left: %v", err)
	}
}
