package rook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
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

// RunGateway is an object gateway: objects of buckets by path, put, got and removed with the bucket's own key. No lists, parts,
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
	path, err := objectPath(g.root, g.fsid, name, key)
	if err != nil || key == "" || request.URL.RawQuery != "" {
		refuse(answer, http.StatusNotImplemented, "NotImplemented", "the lab's gateway knows objects alone")
		return
	}
	g.object(answer, request, path)
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
