package rook

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// put asks a gateway to keep an object, signed by the bucket's key as its client tells what the content is.
func put(g gateway, bucket *Bucket, told, signedFor, content string) int {
	request := httptest.NewRequest(http.MethodPut, "http://10.43.0.9/pictures/trial", strings.NewReader(content))
	stamp := time.Now().UTC().Format("20060102T150405Z")
	request.Header.Set("X-Amz-Date", stamp)
	names, headers := "host;x-amz-date", "host:10.43.0.9\nx-amz-date:"+stamp+"\n"
	if told != "" {
		request.Header.Set("X-Amz-Content-Sha256", told)
		names, headers = "host;x-amz-content-sha256;x-amz-date", "host:10.43.0.9\nx-amz-content-sha256:"+told+"\nx-amz-date:"+stamp+"\n"
	}
	canonical := strings.Join([]string{"PUT", "/pictures/trial", "", headers, names, signedFor}, "\n")
	scope := stamp[:8] + "/us-east-1/s3/aws4_request"
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, scope, sha256.Sum256([]byte(canonical)))
	key := []byte("AWS4" + bucket.Secret)
	for _, part := range []string{stamp[:8], "us-east-1", "s3", "aws4_request"} {
		key = keyed(key, part)
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		bucket.Access, scope, names, hex.EncodeToString(keyed(key, text))))
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, request)
	return answer.Code
}

func TestAGatewayTakesWhatIsNotToldForUnsigned(t *testing.T) {
	directory := t.TempDir()
	bucket := &Bucket{Store: "photos", Access: "id", Secret: "key"}
	if err := Change(directory, "fsid", func(s *State) error { s.Buckets["pictures"] = bucket; return nil }); err != nil {
		t.Fatal(err)
	}
	g := gateway{root: t.TempDir(), directory: directory, fsid: "fsid", store: "photos"}
	digest := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	for name, one := range map[string]struct {
		told, signedFor string
		status          int
	}{
		"told to be unsigned":                       {unsignedPayload, unsignedPayload, http.StatusOK},
		"told with its digest":                      {digest("word"), digest("word"), http.StatusOK},
		"told with another digest":                  {digest("other"), digest("other"), http.StatusBadRequest},
		"not told, and signed as unsigned":          {"", unsignedPayload, http.StatusOK},
		"not told, and signed as empty, as by curl": {"", digest(""), http.StatusForbidden},
	} {
		if status := put(g, bucket, one.told, one.signedFor, "word"); status != one.status {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestAGatewayListsWhatABucketHas(t *testing.T) {
	files := bucketFiles{t.TempDir(), "fsid", "pictures"}
	for _, key := range []string{"main-15/wals/a.gz", "main-15/base/b/backup.info", "main-15/c", "other/c"} {
		if _, err := files.put(key, []byte("word"), about{}); err != nil {
			t.Fatal(err)
		}
	}
	for asked, said := range map[string]string{
		"prefix=main-15/":                     "main-15/base/b/backup.info main-15/c main-15/wals/a.gz",
		"list-type=2&prefix=main-15/":         "main-15/base/b/backup.info main-15/c main-15/wals/a.gz",
		"prefix=main-15/&delimiter=/":         "main-15/c | main-15/base/ main-15/wals/",
		"list-type=2&prefix=none&delimiter=/": "",
	} {
		query, _ := url.ParseQuery(asked)
		answer := httptest.NewRecorder()
		list(answer, files, query)
		var listed struct {
			IsTruncated    bool
			Contents       []struct{ Key string }
			CommonPrefixes []struct{ Prefix string }
		}
		if err := xml.Unmarshal(answer.Body.Bytes(), &listed); err != nil || listed.IsTruncated {
			t.Fatal(err, answer.Body)
		}
		var told []string
		for _, one := range listed.Contents {
			told = append(told, one.Key)
		}
		if len(listed.CommonPrefixes) > 0 {
			told = append(told, "|")
		}
		for _, one := range listed.CommonPrefixes {
			told = append(told, one.Prefix)
		}
		if strings.Join(told, " ") != said {
			t.Errorf("%s: %v", asked, told)
		}
	}
}

func TestAnObjectIsKeptWithWhatItsClientSaysOfIt(t *testing.T) {
	files := bucketFiles{t.TempDir(), "fsid", "pictures"}
	request := httptest.NewRequest(http.MethodPut, "/pictures/a", strings.NewReader("word"))
	request.Header.Set("Content-Type", "text/plain")
	request.Header.Set("X-Amz-Meta-Mtime", "1.5")
	object(httptest.NewRecorder(), request, files, "a")
	answer := httptest.NewRecorder()
	object(answer, httptest.NewRequest(http.MethodHead, "/pictures/a", nil), files, "a")
	of := answer.Header()
	if of.Get("X-Amz-Meta-Mtime") != "1.5" || of.Get("Content-Type") != "text/plain" || of.Get("Content-Length") != "4" ||
		of.Get("ETag") != fmt.Sprintf(`"%x"`, md5.Sum([]byte("word"))) || answer.Body.Len() > 0 {
		t.Error(of)
	}
	object(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, "/pictures/a", nil), files, "a")
	if _, _, err := files.get("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

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
