package rook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"homelab/lab/cluster/kubelet/program"
)

// gatewayPort is where a gateway's pod listens.
const gatewayPort = 8080

func gatewayHost(store, namespace string) string {
	return "rook-ceph-rgw-" + store + "." + namespace + ".svc"
}

// RunGateway is an object gateway: objects of buckets by path, put, got, removed and listed with the bucket's own key, and
// whether a bucket is there and where. No parts, copies, versions or rights; they are refused.
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
	files, query := bucketFiles{g.root, g.fsid, name}, unsignedQuery(request)
	switch {
	case key == "" && request.Method == http.MethodHead && len(query) == 0:
	case key == "" && request.Method == http.MethodGet && len(query) == 1 && query.Has("location"):
		answer.Header().Set("Content-Type", "application/xml")
		_, _ = io.WriteString(answer, "<LocationConstraint></LocationConstraint>") // Who hung up wants no answer.
	case key == "" && request.Method == http.MethodGet && lists(query):
		list(answer, files, query)
	case key != "" && len(query) == 0 && request.Header.Get("X-Amz-Copy-Source") == "":
		object(answer, request, files, key)
	default:
		refuse(answer, http.StatusNotImplemented, "NotImplemented", "the lab's gateway knows objects alone")
	}
}

// listing are the parameters of both versions of a list; the older one names no type.
var listing = []string{"delimiter", "encoding-type", "fetch-owner", "list-type", "max-keys", "prefix"}

func lists(query url.Values) bool {
	for name := range query {
		if !slices.Contains(listing, name) {
			return false
		}
	}
	encoding := query.Get("encoding-type")
	return encoding == "" || encoding == "url"
}

// list gives all keys of a bucket that begin so, on one page, and of those behind a delimiter what is before it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
func list(answer http.ResponseWriter, files bucketFiles, query url.Values) {
	type content struct {
		Key, LastModified, ETag string
		Size                    int64
		StorageClass            string
	}
	type folder struct{ Prefix string }
	prefix, delimiter := query.Get("prefix"), query.Get("delimiter")
	encoded := func(text string) string { return text }
	if query.Get("encoding-type") == "url" {
		encoded = url.QueryEscape
	}
	listed := struct {
		XMLName                 xml.Name `xml:"ListBucketResult"`
		Name, Prefix, Delimiter string
		EncodingType            string `xml:",omitempty"`
		IsTruncated             bool
		KeyCount                int
		Contents                []content
		CommonPrefixes          []folder
	}{Name: files.name, Prefix: encoded(prefix), Delimiter: encoded(delimiter), EncodingType: query.Get("encoding-type")}
	folders := map[string]bool{}
	err := files.list(prefix, func(key string, known about) {
		if before, _, behind := strings.Cut(key[len(prefix):], delimiter); behind && delimiter != "" {
			folders[prefix+before+delimiter] = true
			return
		}
		listed.Contents = append(listed.Contents, content{
			encoded(key), known.modified.Format(time.RFC3339), `"` + known.ETag + `"`, known.size, "STANDARD",
		})
	})
	if err != nil {
		refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	for _, one := range slices.Sorted(maps.Keys(folders)) {
		listed.CommonPrefixes = append(listed.CommonPrefixes, folder{encoded(one)})
	}
	slices.SortFunc(listed.Contents, func(a, b content) int { return strings.Compare(a.Key, b.Key) })
	listed.KeyCount = len(listed.Contents) + len(folders)
	answer.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(answer).Encode(listed) // Who hung up wants no answer.
}

func object(answer http.ResponseWriter, request *http.Request, files bucketFiles, key string) {
	switch request.Method {
	case http.MethodPut:
		content, err := io.ReadAll(io.LimitReader(request.Body, 1<<26))
		told := request.Header.Get("X-Amz-Content-Sha256")
		if err == nil && told != "" && told != unsignedPayload && told != fmt.Sprintf("%x", sha256.Sum256(content)) {
			refuse(answer, http.StatusBadRequest, "XAmzContentSHA256Mismatch", told)
			return
		}
		var known about
		if err == nil {
			known, err = files.put(key, content, aboutOf(request.Header))
		}
		if err != nil {
			refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
			return
		}
		answer.Header().Set("ETag", `"`+known.ETag+`"`)
	case http.MethodGet, http.MethodHead:
		content, known, err := files.get(key)
		if errors.Is(err, fs.ErrNotExist) {
			refuse(answer, http.StatusNotFound, "NoSuchKey", key)
			return
		}
		if err != nil {
			refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
			return
		}
		answer.Header().Set("ETag", `"`+known.ETag+`"`)
		answer.Header().Set("Content-Type", known.Type)
		for name, value := range known.Metadata {
			answer.Header().Set(name, value)
		}
		http.ServeContent(answer, request, "", known.modified, bytes.NewReader(content))
	case http.MethodDelete:
		if err := files.remove(key); err != nil {
			refuse(answer, http.StatusInternalServerError, "InternalError", err.Error())
			return
		}
		answer.WriteHeader(http.StatusNoContent)
	default:
		refuse(answer, http.StatusMethodNotAllowed, "MethodNotAllowed", request.Method)
	}
}

// aboutOf is what a client says of the object that it puts.
func aboutOf(headers http.Header) about {
	known := about{Type: headers.Get("Content-Type"), Metadata: map[string]string{}}
	if known.Type == "" {
		known.Type = "binary/octet-stream"
	}
	for name := range headers {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			known.Metadata[name] = headers.Get(name)
		}
	}
	return known
}

func refuse(answer http.ResponseWriter, status int, code, message string) {
	answer.Header().Set("Content-Type", "application/xml")
	answer.WriteHeader(status)
	_, _ = fmt.Fprintf(answer, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}
