package rook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"homelab/lab/cluster/kubelet/program"
)

// gatewayPort is where a gateway's pod listens.
const gatewayPort = 8080

func gatewayHost(store, namespace string) string {
	return "rook-ceph-rgw-" + store + "." + namespace + ".svc"
}

// RunGateway is an object gateway: objects of buckets by path, put, got, removed and listed with the bucket's own key. No parts,
// versions or rights; they are refused.
func RunGateway(ctx context.Context, c program.Container) error {
	g := gateway{root: objects, directory: Directory, fsid: c.Env["ROOK_CEPH_FSID"], store: c.Env["STORE"]}
	return serve(ctx, c, gatewayPort, g)
}

type gateway struct{ root, directory, fsid, store string }

func (g gateway) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	name, key, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	var bucket *Bucket
	err := Change(g.directory, g.fsid, func(s *State) error { bucket = s.Buckets[name]; return nil })
	if err != nil {
		refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	if bucket == nil || bucket.Store != g.store {
		refuse(answer, http.StatusNotFound, "NoSuchBucket", name)
		return
	}
	if !signed(request, bucket) {
		refuse(answer, http.StatusForbidden, "SignatureDoesNotMatch", "")
		return
	}
	if request.Method == http.MethodGet && key == "" && request.URL.Query().Get("list-type") == "2" {
		g.list(answer, name, request.URL.Query().Get("prefix"))
		return
	}
	path, err := objectPath(g.root, g.fsid, name, key)
	if err != nil || key == "" || request.URL.RawQuery != "" {
		refuse(answer, http.StatusNotImplemented, "NotImplemented", "the lab's gateway knows objects alone")
		return
	}
	g.object(answer, request, path)
}

// list gives all keys of a bucket that begin so, on one page
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
func (g gateway) list(answer http.ResponseWriter, bucket, prefix string) {
	type content struct {
		Key  string
		Size int64
	}
	listed := struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		Name        string
		Prefix      string
		IsTruncated bool
		KeyCount    int
		Contents    []content
	}{Name: bucket, Prefix: prefix}
	root := filepath.Join(g.root, g.fsid, bucket)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		key, err := filepath.Rel(root, path)
		if err == nil && strings.HasPrefix(filepath.ToSlash(key), prefix) {
			listed.Contents = append(listed.Contents, content{filepath.ToSlash(key), info.Size()})
		}
		return err
	})
	if err != nil {
		refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	listed.KeyCount = len(listed.Contents)
	answer.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(answer).Encode(listed) // Who hung up wants no answer.
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (g gateway) object(answer http.ResponseWriter, request *http.Request, path string) {
	switch request.Method {
	case http.MethodPut:
		content, err := io.ReadAll(io.LimitReader(request.Body, 1<<26))
		told := request.Header.Get("X-Amz-Content-Sha256")
		if err == nil && told != "" && told != unsignedPayload && told != fmt.Sprintf("%x", sha256.Sum256(content)) {
			refuse(answer, http.StatusBadRequest, "XAmzContentSHA256Mismatch", told)
			return
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o777)
		}
		if err == nil {
			err = os.WriteFile(path, content, 0o666)
		}
		if err != nil {
			refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
		}
	case http.MethodGet, http.MethodHead:
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			refuse(answer, http.StatusNotFound, "NoSuchKey", filepath.Base(path))
			return
		}
		if err != nil {
			refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
			return
		}
		_, _ = answer.Write(content)
	case http.MethodDelete:
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
			return
		}
		answer.WriteHeader(http.StatusNoContent)
	default:
		refuse(answer, http.StatusMethodNotAllowed, "MethodNotAllowed", request.Method)
	}
}

func refuse(answer http.ResponseWriter, status int, code, message string) {
	answer.Header().Set("Content-Type", "application/xml")
	answer.WriteHeader(status)
	_, _ = fmt.Fprintf(answer, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$`)

// unsignedPayload stands for the content's digest where the content is not part of what is signed.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// signed is whether a request was signed with the bucket's key
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
func signed(request *http.Request, bucket *Bucket) bool {
	found := authorization.FindStringSubmatch(request.Header.Get("Authorization"))
	if found == nil || found[1] != bucket.Access {
		return false
	}
	stamp := request.Header.Get("X-Amz-Date")
	date, err := time.Parse("20060102T150405Z", stamp)
	if err != nil || time.Since(date).Abs() > 15*time.Minute {
		return false
	}
	var headers strings.Builder
	for name := range strings.SplitSeq(found[3], ";") {
		value := request.Header.Get(name)
		if name == "host" {
			value = request.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	// What a client does not tell is taken for this (ceph, src/rgw/rgw_auth_s3.h: get_v4_exp_payload_hash).
	content := request.Header.Get("X-Amz-Content-Sha256")
	if content == "" {
		content = unsignedPayload
	}
	canonical := strings.Join([]string{
		request.Method, request.URL.EscapedPath(), request.URL.RawQuery, headers.String(), found[3], content,
	}, "\n")
	scope := fmt.Sprintf("%s/%s/s3/aws4_request", stamp[:8], found[2])
	digest := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + bucket.Secret)
	for _, part := range []string{stamp[:8], found[2], "s3", "aws4_request"} {
		key = keyed(key, part)
	}
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, scope, digest)
	return hmac.Equal([]byte(found[4]), []byte(hex.EncodeToString(keyed(key, text))))
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
